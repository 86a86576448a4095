// What a load does to a table where rows come and leave, as statements: few of them, and what the records one by one would give (the conformance suite).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { literalsOf } from '#lib/adapters/postgres/batch.ts'
import { isLeaving, type Part, partsOf } from '#lib/adapters/postgres/parts.ts'
import { chunksOf, statementOf } from '#lib/adapters/postgres/statements.ts'
import { integer, nullable, table, type TableSpec, tableSpecOf, text, timestamptz } from '#lib/model/table.ts'
import type { WriteMode } from '#lib/model/table-target.ts'
import type { Load, TableDelete, TableWrite } from '#lib/ports/tables.ts'

const spec = (t: unknown): TableSpec => tableSpecOf(t as never)
const kept = spec(
  table('kept', {
    columns: { id: text, at: timestamptz, note: nullable(text), revision: integer },
    key: ['id', 'at'],
    revision: 'revision',
  }),
)
const T = new Date(0)
/** Rows by offset. */
const write = (rows: Readonly<Record<number, readonly [id: string, revision: number]>>, mode: WriteMode = 'upsert'): TableWrite => ({
  table: kept,
  mode,
  columns: [
    Object.values(rows).map(([id]) => id),
    Object.values(rows).map(() => T),
    Object.values(rows).map(([id]) => `note of ${id}`),
    Object.values(rows).map(([, revision]) => revision),
  ],
  offsets: Object.keys(rows).map(Number),
})
const leave = (where: string[], entries: Readonly<Record<number, readonly unknown[]>>, below: number[] | null = null): TableDelete => ({
  table: kept,
  where,
  columns: where.map((_, c) => Object.values(entries).map(e => e[c])),
  below,
  offsets: Object.keys(entries).map(Number),
})
const load = (writes: TableWrite[], deletes: TableDelete[]): Load => ({
  sink: 's',
  topic: 't',
  partition: 0,
  from: 0,
  to: 100,
  writes,
  deletes,
  deadLetters: [],
})
const shown = (parts: readonly Part[]): string[] =>
  parts.map(p => `${isLeaving(p) ? `leave by ${p.where.join(',')}` : p.mode} ${literalsOf(p)[0]}`)

test('what leaves by the key is one DELETE before one INSERT of what is left to come', () => {
  const parts = partsOf(
    load(
      [write({ 1: ['a', 1], 3: ['b', 1], 5: ['a', 2], 7: ['c', 1] })],
      [leave(['id'], { 2: ['a'], 4: ['x'], 8: ['c'] }), leave(['id', 'at'], { 6: ['b', T] }, [1])],
    ),
  )
  assert.deepEqual(
    shown(parts),
    ['leave by id {"a","c","x"}', 'leave by id,at {"b"}', 'upsert {"a","b"}'],
    'a at 5 and b at 3, whose revision is not lower',
  )
})

test('what leaves by another column waits for the rows before it, and lets those after it wait', () => {
  const parts = partsOf(
    load([write({ 1: ['a', 1], 4: ['b', 1] })], [leave(['note'], { 2: ['note of a'], 3: ['note of z'] }), leave(['id'], { 5: ['b'] })]),
  )
  assert.deepEqual(shown(parts), ['upsert {"a"}', 'leave by note {"note of a","note of z"}', 'leave by id {"b"}'])
})

test('where a second row of a key is refused nothing is put before anything else', () => {
  const parts = partsOf(load([write({ 1: ['a', 1], 3: ['a', 2] }, 'insert-stop')], [leave(['id', 'at'], { 2: ['a', T] })]))
  assert.deepEqual(shown(parts), ['insert-stop {"a"}', 'leave by id,at {"a"}', 'insert-stop {"a"}'])
})

test('a DELETE compares every column with its parameter, and the revision with the last one', () => {
  const [part] = partsOf(load([], [leave(['id', 'at'], { 1: ['a', T], 2: ['b', T] }, [7, 8])]))
  assert.deepEqual(statementOf(chunksOf(part!, 5_000)[0]!), {
    text:
      'DELETE FROM "kept" AS t USING unnest($1::text[], $2::timestamptz[], $3::integer[]) AS d (c0, c1, c2) ' +
      'WHERE t."id" = d.c0 AND t."at" = d.c1 AND t."revision" < d.c2',
    values: ['{"a","b"}', '{"1970-01-01 00:00:00.000+00","1970-01-01 00:00:00.000+00"}', '{7,8}'],
  })
})

test('entries go in the order of what they leave by, so that all loaders lock rows in one order', () => {
  const [part] = partsOf(load([], [leave(['id'], { 1: ['c'], 2: ['a'], 3: ['b'] })]))
  assert.deepEqual(literalsOf(part!), ['{"a","b","c"}'])
})

test('a revision where the table has none, a column that it does not have, or no column at all is TABLE_INVALID', () => {
  const plain = spec(table('plain', { columns: { id: text }, key: ['id'] }))
  for (const wrong of [
    { ...leave(['id'], { 1: ['a'] }, [1]), table: plain },
    { ...leave(['nope'], { 1: ['a'] }), table: plain },
    { ...leave([], { 1: [] }), table: plain },
  ])
    assert.throws(() => partsOf(load([], [wrong])), { code: 'TABLE_INVALID' })
})
