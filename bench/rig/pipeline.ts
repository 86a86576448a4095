// A compiled pipeline fed with values in memory, as a turn feeds it: cursor, error boundary, undo, outbox and stream time, but no log and no codec.
import { compile } from '#lib/engine/compile.ts'
import type { Pipeline } from '#lib/engine/pipeline.ts'
import type { TargetTopic } from '#lib/engine/outbox.ts'
import { type Processor, planOfProcessor } from '#lib/stages/processor.ts'
import { specOf, type Topic } from '#lib/model/topic.ts'
import { BlockWriter } from '#lib/state/delta.ts'

/** Values that are fed again and again, as freshly decoded ones would be: they stay in the processor's caches. */
export interface Feed {
  readonly values: readonly { readonly key: string; readonly value: unknown }[]
  readonly events: number
  /** Event time of the i-th event, ms. */
  readonly at: (i: number) => number
}
/** Records of an epoch under load. */
const EPOCH = 30_000

export class Rig {
  readonly pipeline: Pipeline
  results = 0
  /** Entries of state packed. */
  entries = 0
  #input: string
  #block: BlockWriter

  constructor(p: Processor, input: Topic<never, unknown>, outputs: readonly Topic<never, unknown>[]) {
    this.#input = specOf(input).name
    const topics = new Map<string, TargetTopic>(
      outputs.map(t => [specOf(t).name, { spec: specOf(t), partitions: 1, writer: { write: () => this.results++ } }]),
    )
    this.pipeline = compile(planOfProcessor(p), {
      partition: 0,
      partitionsOf: () => 1,
      rx: 'run',
      topic: name => topics.get(name)!,
      tables: null,
      late: () => {},
      lateRecord: () => {},
      refusedResult: (_value, _key, _at, error) => {
        throw error
      },
    })
    this.#block = new BlockWriter(this.pipeline.stores.map(s => s.name))
  }
  /** Feeds all of it, epoch by epoch. What an epoch changed in state is packed too, unless it is left out. */
  feed(feed: Feed, deltas: 'packed' | 'left out'): void {
    const { pipeline } = this
    for (let from = 0; from < feed.events; from += EPOCH) {
      this.#epoch(feed, from, Math.min(feed.events, from + EPOCH))
      for (const emit of pipeline.turnEnds) emit()
      pipeline.outbox.take()
      if (deltas === 'packed') {
        pipeline.stores.forEach((store, i) => store.writeChanges(this.#block, i, 1))
        this.entries += this.#block.entries
        this.#block.take()
      }
    }
  }
  /** As lib/engine/compute-slice.ts does it. */
  #epoch({ values, at: timeOf }: Feed, from: number, to: number): void {
    const { cursor, undo, outbox, afterRecord, inputs } = this.pipeline
    const { push, clock } = inputs.get(this.#input)!
    for (let i = from; i < to; i++) {
      const { key, value } = values[i % values.length]!
      const at = timeOf(i)
      cursor.index = cursor.offset = cursor.ordinal = i
      outbox.begin()
      cursor.key = key
      cursor.at = at
      try {
        push(value)
        undo.forget()
      } catch (error) {
        outbox.rollback()
        undo.restore()
        afterRecord.length = 0
        throw error
      }
      if (afterRecord.length > 0) for (const emit of afterRecord.splice(0)) emit()
      if (at > clock.time) clock.advance(at, 'close')
    }
  }
}

/** CPU time of this process in µs. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** µs of CPU per event, the median of alternating rounds after one to warm up; `open` gives a new rig for each round. */
export function perEvent(
  jobs: Readonly<Record<string, () => Rig>>,
  feed: Feed,
  rounds = 7,
  deltas: 'packed' | 'left out' = 'left out',
): Readonly<Record<string, { readonly median: number; readonly least: number; readonly results: number }>> {
  const taken = new Map<string, number[]>(Object.keys(jobs).map(name => [name, []]))
  const results: Record<string, number> = {}
  for (let round = 0; round <= rounds; round++) {
    for (const [name, open] of Object.entries(jobs)) {
      const rig = open()
      const before = cpu()
      rig.feed(feed, deltas)
      const used = (cpu() - before) / feed.events
      if (round > 0) taken.get(name)!.push(used)
      results[name] = rig.results
    }
  }
  return Object.fromEntries(
    [...taken].map(([name, us]) => {
      us.sort((a, b) => a - b)
      return [name, { median: us[us.length >> 1]!, least: us[0]!, results: results[name]! }]
    }),
  )
}

/** A table of figures, next to what each may cost. */
export function printFigures(figures: ReturnType<typeof perEvent>, budgets: Readonly<Record<string, number>>, against: string): void {
  const base = figures[against]!.median
  for (const [name, { median, least, results }] of Object.entries(figures)) {
    const budget = budgets[name]
    const words = [
      name.padEnd(44),
      `${median.toFixed(3)} µs`,
      `least ${least.toFixed(3)}`,
      `${(median / base).toFixed(2)} × ${against}`,
      `${results.toLocaleString('en-US')} results`,
      ...(budget === undefined ? [] : [`budget ${budget}`]),
    ]
    console.log(words.join('  '))
  }
}
