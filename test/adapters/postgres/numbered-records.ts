// What the loader that gets killed writes, as functions of the offset: whoever looks afterwards can tell what must be there.
import { integer, long, table, tableSpecOf, text } from '#lib/model/table.ts'
import type { DeadLetterRow } from '#lib/ports/tables.ts'

export const SINK = 'numbers'
export const NUMBERS = tableSpecOf(
  table('numbers', { columns: { id: text, last: long, padding: text, revision: integer }, key: ['id'], revision: 'revision' }) as never,
)
export const MIGRATION = {
  name: '900001-numbers',
  sql: 'CREATE TABLE numbers (id text PRIMARY KEY, last bigint NOT NULL, padding text NOT NULL, revision integer NOT NULL)',
}

/** Two keys per record: one for every offset, one of 500 that are overwritten again and again. */
export const rowsOf = (offset: number): readonly Readonly<Record<string, unknown>>[] => [
  { id: `once-${offset}`, last: offset, padding: 'x'.repeat(offset % 400), revision: 1 },
  { id: `again-${offset % 500}`, last: offset, padding: 'y'.repeat(offset % 400), revision: offset + 1 },
]

export const letterOf = (offset: number): readonly DeadLetterRow[] =>
  offset % 97 !== 0
    ? []
    : [
        {
          processor: SINK,
          stage: 'decode',
          code: 'AVRO_MALFORMED',
          message: '',
          topic: 'in',
          partition: 0,
          offset,
          time: offset,
          key: null,
          value: null,
        },
      ]
