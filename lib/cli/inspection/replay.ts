// Sends refused records to the end of their topics again. Each at most once: what is sent and the note that it was sent are one transaction, under a fenced
// id, and the notes are read behind the fence.
import { topicsOf } from '../../model/plan.ts'
import { BatchBuilder } from '../../model/record-batch.ts'
import type { ReplayAnswer, ReplayOrder } from '../../ports/inspection.ts'
import type { PartitionWrite, TransactionalProducer } from '../../ports/record-log.ts'
import { planOfProcessor } from '../../stages/processor.ts'
import type { SystemFacts } from './facts.ts'
import { type RawLetter, rawLetter, rawLetters } from './letters.ts'
import { letterTopic } from './log-rows.ts'
import { originId, replayedOrigins, replayedTopic } from './replayed.ts'

const AT_ONCE = 500

type Answer = { readonly [F in keyof ReplayAnswer]: ReplayAnswer[F][number][] }

/** @throws OPTION_INVALID, PRODUCER_FENCED when another replay has begun, and what the log throws; what was sent before stays sent and noted */
export async function replay(facts: SystemFacts, order: ReplayOrder): Promise<ReplayAnswer> {
  const { log } = facts.ports
  const { app } = facts
  const answer: Answer = { replayed: [], kept: [] }
  await log.createTopic({ name: replayedTopic(app), partitions: 1, retention: 'compact' })
  const producer = log.producer(replayedTopic(app))
  try {
    await producer.fence()
    const due = await dueLetters(facts, order, answer)
    for (let i = 0; i < due.length; i += AT_ONCE) await send(producer, app, facts.ports.clock.now(), due.slice(i, i + AT_ONCE), answer)
  } finally {
    await producer.close()
  }
  return answer
}

/** Oldest first, each origin once; the others are answered with their reason. */
async function dueLetters(facts: SystemFacts, order: ReplayOrder, answer: Answer): Promise<readonly RawLetter[]> {
  const letters = await chosen(facts, order)
  const done = new Set((await replayedOrigins(facts.ports.log, facts.app)).keys())
  const takers = order.twice === 'accept' ? null : await Takers.of(facts)
  return letters.filter(({ letter }) => {
    const id = originId(letter.origin)
    const twice = takers?.besides(letter.processor, letter.origin) ?? []
    const why =
      letter.replay === 'impossible'
        ? letter.replayNote
        : done.has(id)
          ? letter.replayNote || 'the same record is sent again for another letter'
          : twice.length > 0
            ? `${twice.join(' and ')} took this record and would count it twice; --twice accept sends it all the same`
            : null
    if (why === null) done.add(id)
    else answer.kept.push({ id: letter.id, why })
    return why === null
  })
}

async function chosen(facts: SystemFacts, { letters }: ReplayOrder): Promise<readonly RawLetter[]> {
  if ('processor' in letters) return [...(await rawLetters(facts, letters.processor, Infinity))].reverse()
  const found: RawLetter[] = []
  for (const id of letters) found.push(await rawLetter(facts, id))
  return found
}

/** Who reads a topic here, and what they refused of it: whoever did not refuse a record has taken it, or will. */
class Takers {
  readonly #readers: ReadonlyMap<string, readonly string[]>
  readonly #refused: ReadonlySet<string>
  private constructor(readers: ReadonlyMap<string, readonly string[]>, refused: ReadonlySet<string>) {
    this.#readers = readers
    this.#refused = refused
  }
  static async of(facts: SystemFacts): Promise<Takers> {
    const readers = new Map<string, string[]>()
    for (const p of facts.processors) {
      if ((await facts.ports.log.topic(letterTopic(facts.app, p))) === null) continue // never deployed here
      for (const { topic, use } of topicsOf(planOfProcessor(p)))
        if (use !== 'writes') readers.set(topic.name, [...(readers.get(topic.name) ?? []), p.id])
    }
    const all = await rawLetters(facts, undefined, Infinity)
    return new Takers(readers, new Set(all.map(({ letter }) => `${letter.processor} ${originId(letter.origin)}`)))
  }
  besides(processor: string, origin: RawLetter['letter']['origin']): readonly string[] {
    return (this.#readers.get(origin.topic) ?? []).filter(id => id !== processor && !this.#refused.has(`${id} ${originId(origin)}`))
  }
}

async function send(
  producer: TransactionalProducer,
  app: string,
  now: number,
  letters: readonly RawLetter[],
  answer: Answer,
): Promise<void> {
  const groups = [...Map.groupBy(letters, ({ letter: { origin } }) => `${origin.topic}/${origin.partition}`).values()]
  const notes = new BatchBuilder(letters.length)
  const writes: PartitionWrite[] = groups.map(group => {
    const { topic, partition } = group[0]!.letter.origin
    const builder = new BatchBuilder(group.length)
    for (const { time, key, value, headers } of group) builder.add(time, key, value, headers)
    return { topic, partition, columns: builder.columns() }
  })
  for (const { letter } of letters)
    notes.add(now, Buffer.from(originId(letter.origin)), Buffer.from(`${letter.origin.topic}/${letter.origin.partition}`))
  const { baseOffsets } = await producer.commit({
    writes: [...writes, { topic: replayedTopic(app), partition: 0, columns: notes.columns() }],
  })
  groups.forEach((group, g) => {
    group.forEach(({ letter: { id, origin } }, i) => {
      answer.replayed.push({ id, topic: origin.topic, partition: origin.partition, offset: baseOffsets[g]! + i })
    })
  })
}

/** One replay after the other: a second one would fence the first. */
export class ReplayQueue {
  #last: Promise<unknown> = Promise.resolve()
  do(facts: SystemFacts, order: ReplayOrder): Promise<ReplayAnswer> {
    const result = this.#last.then(() => replay(facts, order))
    this.#last = result.catch(() => {})
    return result
  }
}
