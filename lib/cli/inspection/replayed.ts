// Which refused records were sent again: a compacted topic of ours, written in the transaction that sends. A refused record is named by where it lay, not by
// its letter, because several processors may have refused the same one.
import type { RecordLog } from '../../ports/record-log.ts'

export const replayedTopic = (app: string): string => `${app}.dlq-replayed`

export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}
export const originId = ({ topic, partition, offset }: Origin): string => `${topic}/${partition}/${offset}`

const FETCH_BYTES = 1_000_000

/** Origin → where it was sent to. */
export async function replayedOrigins(log: RecordLog, app: string): Promise<ReadonlyMap<string, string>> {
  const topic = replayedTopic(app)
  const found = new Map<string, string>()
  if ((await log.topic(topic)) === null) return found
  const { start, stable } = await log.bounds(topic, 0)
  const reader = await log.reader(topic, 0, start)
  try {
    for (let next = start; next < stable; ) {
      const fetched = await reader.fetch(FETCH_BYTES)
      for (const batch of fetched.batches)
        for (let i = batch.indexOf(next); i < batch.count; i++) found.set(String(batch.key(i)), String(batch.value(i)))
      if (fetched.next === next) break
      next = fetched.next
    }
  } finally {
    reader.close()
  }
  return found
}
