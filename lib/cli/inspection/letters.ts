// Dead letters as they lie in the log (S6.2): original bytes, the rest is headers.
import { MillraceError } from '../../model/errors.ts'
import { type RecordBatch, unpackHeaders } from '../../model/record-batch.ts'
import type { Letter, LetterFilter } from '../../ports/inspection.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import { type SystemFacts, processorOf } from './facts.ts'
import { letterTopic } from './log-rows.ts'
import { originId, replayedOrigins } from './replayed.ts'

/** What the engine adds to the headers of the record; the original's come first. */
const OURS = ['error-code', 'error-message', 'error-of', 'processor', 'stage', 'topic', 'partition', 'offset', 'time'].map(
  n => `millrace-${n}`,
)

/** A letter with its bytes, copied out of the log. */
export interface RawLetter {
  readonly letter: Letter
  /** The record's own timestamp. */
  readonly time: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Those that the record came with. */
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
}

/** What decides whether a record can be sent again. */
interface Standing {
  readonly replayed: ReadonlyMap<string, string>
  readonly topics: ReadonlyMap<string, number>
}

const FETCH_BYTES = 4_000_000
const DEFAULT_LIMIT = 100

/** Newest first, processor by processor. @throws OPTION_INVALID */
export async function lettersOf(facts: SystemFacts, { processor, limit = DEFAULT_LIMIT }: LetterFilter): Promise<readonly Letter[]> {
  const raw = await rawLetters(facts, processor, limit)
  return raw.map(r => r.letter)
}

/** The newest letters of one processor or of all, at most `limit` of each partition and in all. */
export async function rawLetters(facts: SystemFacts, processor: string | undefined, limit: number): Promise<readonly RawLetter[]> {
  const { log } = facts.ports
  const standing = await standingOf(facts)
  const chosen = processor === undefined ? facts.processors : [processorOf(facts.processors, processor)]
  const found: RawLetter[] = []
  for (const topic of new Set(chosen.map(p => letterTopic(facts.app, p)))) {
    for (let p = 0; p < (standing.topics.get(topic) ?? 0); p++) {
      const { start, stable } = await log.bounds(topic, p)
      const some = await read(log, topic, p, Math.max(start, stable - limit), stable, standing)
      found.push(...some.filter(r => processor === undefined || r.letter.processor === processor).reverse())
    }
  }
  return found.slice(0, limit)
}

/** One letter by its id. @throws OPTION_INVALID when there is none */
export async function rawLetter(facts: SystemFacts, id: string): Promise<RawLetter> {
  const match = /^([^/]+)\/(\d{1,5})\/(\d{1,15})$/.exec(id)
  if (match === null)
    throw new MillraceError(
      'OPTION_INVALID',
      `'${id}' is no dead letter's id: it looks like event-aggregator/0/17, as \`millrace dlq ls\` shows it`,
    )
  const [, processor, partition, offset] = match as unknown as [string, string, string, string]
  const topic = letterTopic(facts.app, processorOf(facts.processors, processor))
  const standing = await standingOf(facts)
  const p = Number(partition)
  if (p < (standing.topics.get(topic) ?? 0)) {
    const { start, stable } = await facts.ports.log.bounds(topic, p)
    const at = Number(offset)
    const [found] = at >= start && at < stable ? await read(facts.ports.log, topic, p, at, at + 1, standing) : []
    if (found !== undefined) return found
  }
  throw new MillraceError('OPTION_INVALID', `there is no dead letter '${id}'; \`millrace dlq ls ${processor}\` shows those that there are`)
}

async function standingOf({ app, ports }: SystemFacts): Promise<Standing> {
  const topics = new Map((await ports.log.topics()).map(t => [t.name, t.partitions]))
  return { replayed: await replayedOrigins(ports.log, app), topics }
}

/** Letters with `from ≤ offset < to`, in order. */
async function read(
  log: RecordLog,
  topic: string,
  partition: number,
  from: number,
  to: number,
  standing: Standing,
): Promise<readonly RawLetter[]> {
  const found: RawLetter[] = []
  const reader = await log.reader(topic, partition, from)
  try {
    for (let next = from; next < to; ) {
      const fetched = await reader.fetch(FETCH_BYTES)
      for (const batch of fetched.batches) {
        for (let i = batch.indexOf(next); i < batch.count && batch.offset(i) < to; i++) {
          const letter = letterIn(batch, i, standing)
          if (letter !== null) found.push(letter)
        }
      }
      if (fetched.next === next) break
      next = fetched.next
    }
  } finally {
    reader.close()
  }
  return found
}

/** Null for a record that is no letter of ours: a topic of the user's own may hold anything. */
function letterIn(batch: RecordBatch, i: number, standing: Standing): RawLetter | null {
  const ours = new Map<string, string>()
  const headers: (readonly [string, Buffer | null])[] = []
  const packed = batch.packedHeaders(i)
  for (const [name, value] of packed === null ? [] : unpackHeaders(packed)) {
    if (OURS.includes(name)) ours.set(name.slice('millrace-'.length), value?.toString() ?? '')
    else headers.push([name, value === null ? null : Buffer.from(value)])
  }
  const word = (name: string): string => ours.get(name) ?? ''
  if (word('error-code') === '' || word('topic') === '') return null
  const copy = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes))
  const origin = { topic: word('topic'), partition: Number(word('partition')), offset: Number(word('offset')) }
  const of = word('error-of') === 'result' ? 'result' : 'record'
  return {
    letter: {
      id: `${word('processor')}/${batch.partition}/${batch.offset(i)}`,
      code: word('error-code'),
      message: word('error-message'),
      processor: word('processor'),
      stage: word('stage'),
      origin,
      of,
      time: Number(word('time')),
      ...replayOf(origin, of, standing),
    },
    time: batch.time(i),
    key: copy(batch.key(i)),
    value: copy(batch.value(i)),
    headers,
  }
}

function replayOf(origin: Letter['origin'], of: Letter['of'], { replayed, topics }: Standing): Pick<Letter, 'replay' | 'replayNote'> {
  if (of === 'result') return { replay: 'impossible', replayNote: 'a refused result: there is no record of it to send again' }
  if (!topics.has(origin.topic))
    return {
      replay: 'impossible',
      replayNote: `it came from the feed '${origin.topic}', not from a topic: mend the input and read it from there`,
    }
  const sentTo = replayed.get(originId(origin))
  return sentTo === undefined ? { replay: 'possible', replayNote: '' } : { replay: 'done', replayNote: `sent again to ${sentTo}` }
}
