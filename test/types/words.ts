// Compile-time tests: the type checker is the runner. Each statement under a directive must not compile, and would be an error if it did.
import {
  avro,
  type Decimal,
  decimal,
  type Duration,
  type FromAvro,
  json,
  minutes,
  nullable,
  numeric,
  table,
  text,
  topic,
} from '#lib/index.ts'
import { equal } from './equal.ts'

interface Reading {
  sensor: string
  at: number
  celsius: number | null
}
const reading = json(value => value as Reading)

// ---- the check itself
// @ts-expect-error assignable is not the same
equal<string | null>()('text')
// @ts-expect-error nor the other way round
equal<'text'>()('text' as string)

// ---- durations carry their unit
const wait: Duration = minutes(5)
// @ts-expect-error a bare number has no unit
const bare: Duration = 300_000
// @ts-expect-error a duration is not text
const asText: string = minutes(5)

// ---- decimals carry their digits
equal<Decimal<2>>()(decimal('1.25', 2))
// @ts-expect-error two digits are not four
const four: Decimal<4> = decimal('1.25', 2)
// @ts-expect-error a decimal is no number: sums would lose digits
const float: number = decimal('1.25', 2)

// ---- Avro schemas are types
const schema = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'sensor', type: 'string' },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['ok', 'broken'] } },
    { name: 'before', type: ['null', 'State'] },
    { name: 'raw', type: { type: 'array', items: 'long' } },
    { name: 'cost', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
  ],
} as const
equal<{ sensor: string; state: 'ok' | 'broken'; before: 'ok' | 'broken' | null; raw: number[]; cost: Decimal<2> }>()(
  {} as FromAvro<typeof schema>,
)

// ---- topics name fields of their values
const readings = topic('readings', { value: reading, key: 'sensor', time: 'at' })
// @ts-expect-error no such field
topic('readings', { value: reading, key: 'sensr', time: 'at' })
// @ts-expect-error a key is text or a number, never null
topic('readings', { value: reading, key: 'celsius', time: 'at' })
// @ts-expect-error event time is a number
topic('readings', { value: reading, key: 'sensor', time: 'sensor' })
// @ts-expect-error time is said, not guessed
topic('readings', { value: avro({ type: 'record', name: 'R', fields: [{ name: 'id', type: 'string' }] }), key: 'id' })

// ---- tables name their own columns
table('rooms', { columns: { id: text, rent: nullable(numeric(9, 2)) }, key: ['id'] })
// @ts-expect-error a key column may not be null
table('rooms', { columns: { id: text, rent: nullable(numeric(9, 2)) }, key: ['rent'] })
// @ts-expect-error a revision is a number
table('rooms', { columns: { id: text }, key: ['id'], revision: 'id' })

export { asText, bare, float, four, readings, wait }
