// The dead letters of processors: of those that write topics from their DLQ topic, of loaders from the table that their rows commit with.
import type { RecordBatch } from '../../model/record-batch.ts'
import type { DeadLetterRow } from '../../ports/tables.ts'
import type { SeenDeadLetter } from './seen.ts'
import { headersOf } from './topic-tail.ts'

/** S6.2: what is not key and value is in the headers. */
export const lettersIn = (batch: RecordBatch): readonly SeenDeadLetter[] =>
  Array.from({ length: batch.count }, (_, i): SeenDeadLetter => {
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
      key: batch.key(i)?.toString() ?? null,
      value: batch.value(i)?.toString() ?? null,
    }
  })

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

export const letterOfRow = ({ processor, code, message, stage, topic, partition, offset, key, value }: DeadLetterRow): SeenDeadLetter => ({
  processor,
  code,
  message,
  stage,
  topic,
  partition,
  offset,
  key: text(key),
  value: text(value),
})
