// The dead letters of processors: of those that write topics from their DLQ topic, of loaders from the table that their rows commit with.
import { readableValue } from '../../cli/inspection/letter-content.ts'
import type { RecordBatch } from '../../model/record-batch.ts'
import type { Registry } from '../../ports/registry.ts'
import type { DeadLetterRow } from '../../ports/tables.ts'
import type { SeenDeadLetter } from './seen.ts'
import { headersOf } from './topic-tail.ts'

/** S6.2: what is not key and value is in the headers. */
export const lettersIn = (batch: RecordBatch): readonly DeadLetterRow[] =>
  Array.from({ length: batch.count }, (_, i): DeadLetterRow => {
    const headers = headersOf(batch, i)
    const of = (name: string): string => headers[`millrace-${name}`]!
    return {
      processor: of('processor'),
      code: of('error-code'),
      message: of('error-message'),
      stage: of('stage'),
      topic: of('topic'),
      partition: Number(of('partition')),
      offset: Number(of('offset')),
      time: Number(of('time')),
      key: batch.key(i),
      value: batch.value(i),
    }
  })

export async function seenLetter(letter: DeadLetterRow, registry: Registry): Promise<SeenDeadLetter> {
  const { processor, code, message, stage, topic, partition, offset, key, value } = letter
  const bytes = value === null ? null : Buffer.from(value)
  const { content } = await readableValue(bytes, registry)
  return {
    ...{ processor, code, message, stage, topic, partition, offset },
    ...{ key: key === null ? null : Buffer.from(key).toString(), value: bytes?.toString() ?? null, content },
  }
}
