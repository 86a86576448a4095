import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '#lib/adapters/postgres/batch.ts'
import { partsOf } from '#lib/adapters/postgres/parts.ts'
import { chunksOf, fence, insert, insertText, takenKeys } from '#lib/adapters/postgres/statements.ts'
import { integer, numeric, table, tableSpecOf, text, timestamptz } from '#lib/model/table.ts'
import type { WriteMode } from '#lib/model/table-target.ts'
import type { Load } from '#lib/ports/tables.ts'

const revised = tableSpecOf(
  table('t', {
    columns: { id: text, time: timestamptz, amount: numeric(18, 4), revision: integer },
    key: ['id', 'time'],
    revision: 'revision',
  }) as never,
)
const plain = tableSpecOf(table('p', { columns: { id: text, n: integer }, key: ['id'] }) as never)
const load = (mode: WriteMode, rows: number): Load => ({
  sink: 's',
  topic: 'in',
  partition: 3,
  from: 40,
  to: 50,
  writes: [
    {
      table: plain,
      mode,
      columns: [Array.from({ length: rows }, (_, i) => `k${i}`), Array(rows).fill(1)],
      offsets: Array.from({ length: rows }, (_, i) => i),
    },
  ],
  deletes: [],
  deadLetters: [],
})
const batchesOf = (l: Load) => partsOf(l) as Batch[]

test('the fence moves the offset of one generation from where it stood, and demands one row', () => {
  assert.deepEqual(fence(load('upsert', 0), 2), {
    text: 'UPDATE millrace_sink_offset SET next_offset = $1 WHERE sink = $2 AND topic = $3 AND part = $4 AND gen = $5 AND next_offset = $6',
    values: ['50', 's', 'in', '3', '2', '40'],
    demands: 1,
  })
})

test('an upsert replaces every column but the key when the revision is higher', () => {
  assert.equal(
    insertText(revised, 'upsert'),
    'INSERT INTO "t" AS t ("id", "time", "amount", "revision") SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::numeric[], $4::integer[]) ' +
      'ON CONFLICT ("id", "time") DO UPDATE SET "amount" = excluded."amount", "revision" = excluded."revision" WHERE excluded."revision" > t."revision"',
  )
})

test('without a revision, and in insert-only modes, rows that are there stay', () => {
  const kept = 'INSERT INTO "p" AS t ("id", "n") SELECT * FROM unnest($1::text[], $2::integer[]) ON CONFLICT ("id") DO NOTHING'
  for (const mode of ['upsert', 'insert-skip', 'insert-stop', 'insert-dead-letter'] as const) assert.equal(insertText(plain, mode), kept)
  assert.ok(insertText(revised, 'insert-skip').endsWith('DO NOTHING'))
})

test('only the modes that refuse duplicates demand that every row goes in', () => {
  const demanded = (mode: WriteMode): number | undefined => insert(chunksOf(batchesOf(load(mode, 7))[0]!, 5)[1]!).demands
  assert.deepEqual((['upsert', 'insert-skip', 'insert-stop', 'insert-dead-letter'] as const).map(demanded), [undefined, undefined, 2, 2])
})

test('a batch is cut into chunks that hold every row once', () => {
  const batch = batchesOf(load('upsert', 12))[0]!
  const chunks = chunksOf(batch, 5)
  assert.deepEqual(
    chunks.map(c => [c.from, c.to]),
    [
      [0, 5],
      [5, 10],
      [10, 12],
    ],
  )
  const ids = chunks.flatMap(c => insert(c).values![0]!.slice(1, -1).split(','))
  assert.deepEqual(ids.sort(), Array.from({ length: 12 }, (_, i) => `"k${i}"`).sort())
  assert.deepEqual(chunksOf({ ...batch, rows: [] }, 5), [])
})

test('all chunks of a table have one text, so that it is prepared once', () => {
  const texts = chunksOf(batchesOf(load('upsert', 12))[0]!, 5).map(c => insert(c).text)
  assert.equal(new Set(texts).size, 1)
})

test('keys that are taken are asked for by number', () => {
  const statement = takenKeys(chunksOf(batchesOf(load('insert-stop', 2))[0]!, 5)[0]!)
  assert.equal(statement.text, 'SELECT k.n FROM unnest($1::text[]) WITH ORDINALITY AS k ("id", n) JOIN "p" AS t USING ("id")')
  assert.deepEqual(statement.values, ['{"k0","k1"}'])
})
