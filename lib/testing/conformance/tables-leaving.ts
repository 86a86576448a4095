// Rows that leave: which ones, in which order with rows that come, and that no split of the records into loads makes a difference (S1.1, S3.5).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { integer, table, type TableSpec, tableSpecOf, text } from '../../model/table.ts'
import type { WriteMode } from '../../model/table-target.ts'
import type { TableDelete } from '../../ports/tables.ts'
import { type Model, type Step, stepped } from './leaving-model.ts'
import { seeded } from './tables-splits.ts'
import { comparable, EVERY, leave, load, PLAIN, type Placed, REVISED, revised, type Row, type Subject, write } from './tables-under-test.ts'

const plain = (id: string, line: number, note: string | null = null): Row => ({ id, line, note })
const placed = (...rows: readonly Row[]): Placed[] => rows.map((row, i) => [i, row])

export function leavingConformance(s: Subject): void {
  /** Loads rows and deletes into a sink, at the next hundred offsets of its own. */
  const loaded = async (
    sink: string,
    table: TableSpec,
    rows: readonly Placed[],
    deletes: readonly TableDelete[] = [],
    mode: WriteMode = 'upsert',
  ): Promise<void> => {
    const from = await s.tables.position(sink, 'conformance', 0, 0)
    await s.tables.load(load(sink, from, from + 100, rows.length === 0 ? [] : [write(table, mode, rows)], [], deletes))
  }
  const three = (id: string): readonly Row[] => [plain(`${id}a`, 1, 'n'), plain(`${id}a`, 2, 'm'), plain(`${id}b`, 1, 'n')]

  for (const { where, entry, stay } of [
    { where: ['id', 'line'], entry: { id: 'a', line: 1 }, stay: [1, 2] },
    { where: ['id'], entry: { id: 'a' }, stay: [2] },
    { where: ['note'], entry: { note: 'n' }, stay: [1] },
    { where: ['note', 'id'], entry: { note: 'n', id: 'a' }, stay: [1, 2] },
    { where: ['line'], entry: { line: 3 }, stay: [0, 1, 2] },
  ])
    test(`rows leave whose ${where.join(' and ')} equal the entry's, and no others`, async () => {
      const id = `leave by ${where.join(',')}: `
      const named = { ...entry, ...('id' in entry ? { id: id + entry.id } : {}), ...('note' in entry ? { note: id } : {}) }
      const rows = three(id).map(row => ({ ...row, note: row['note'] === 'n' ? id : row['note'] }))
      await loaded(id, PLAIN, placed(...rows))
      await loaded(id, PLAIN, [], [leave(PLAIN, where, [[0, named]])])
      assert.deepEqual(
        await s.held(PLAIN, id),
        comparable(
          PLAIN,
          stay.map(i => rows[i]!),
        ),
      )
    })

  test('a row of an earlier record leaves, one of a later record stays, of one record deletes come first', async () => {
    const id = 'order-'
    const row = (n: number): Row => plain(`${id}${n}`, 0, 'x')
    const rows: Placed[] = [
      [3, row(1)],
      [5, row(2)],
      [4, row(3)],
    ]
    await loaded(id, PLAIN, rows, [
      leave(
        PLAIN,
        ['id'],
        [1, 2, 3].map((n): Placed => [4, row(n)]),
      ),
    ])
    assert.deepEqual(await s.held(PLAIN, id), comparable(PLAIN, [row(2), row(3)]))
  })
  test('a row that left comes back by a later record, whatever its revision', async () => {
    const id = 'back-'
    const gone = [leave(REVISED, ['id'], [[1, { id }]])]
    const rows: Placed[] = [
      [0, revised(id, 9)],
      [2, revised(id, 1, { note: 'back' })],
    ]
    await loaded(id, REVISED, rows, gone)
    assert.deepEqual(await s.held(REVISED, id), comparable(REVISED, [rows[1]![1]]))
    await loaded(id, REVISED, rows, gone)
    assert.deepEqual(await s.held(REVISED, id), comparable(REVISED, [rows[1]![1]]))
  })
  test('S4.5 a delete with a revision takes only rows with a lower one', async () => {
    const id = 'below-'
    const rows = [1, 2, 3].map(n => revised(`${id}${n}`, n))
    const entries = rows.map((row, i): Placed => [50 + i, row])
    for (const how of ['within a load', 'across loads']) {
      if (how === 'within a load') await loaded(id, REVISED, placed(...rows), [leave(REVISED, ['id', 'at'], entries, [2, 2, 2])])
      else {
        await loaded(id, REVISED, placed(...rows))
        await loaded(id, REVISED, [], [leave(REVISED, ['id', 'at'], entries, [2, 2, 2])])
      }
      assert.deepEqual(await s.held(REVISED, id), comparable(REVISED, rows.slice(1)), how)
    }
  })
  test('nothing equals a column that is NULL', async () => {
    const id = 'null-note-'
    await loaded(id, PLAIN, placed(plain(id, 1, null), plain(id, 2, id)), [])
    await loaded(id, PLAIN, [], [leave(PLAIN, ['note'], [[0, { note: id }]])])
    assert.deepEqual(await s.held(PLAIN, id), comparable(PLAIN, [plain(id, 1, null)]))
  })
  test('values are equal as SQL has it: minus zero and zero, a decimal with fewer digits, NaN', async () => {
    const id = 'equal-as-sql-'
    await loaded(id, EVERY, placed({ id: `${id}1`, f: -0 }, { id: `${id}2`, f: 1 }, { id: `${id}3`, f: NaN }))
    await loaded(
      id,
      EVERY,
      [],
      [
        leave(
          EVERY,
          ['f', 'id'],
          [
            [0, { id: `${id}1`, f: 0 }],
            [1, { id: `${id}3`, f: NaN }],
          ],
        ),
      ],
    )
    assert.deepEqual(await s.held(EVERY, id), comparable(EVERY, [{ id: `${id}2`, f: 1 }]))
  })
  test('an entry that its column cannot hold, or that is NULL, is ROW_REFUSED with its offset and the column, and nothing is written', async () => {
    const id = 'entry-refused-'
    await loaded(id, PLAIN, placed(plain(id, 1)))
    const from = await s.tables.position(id, 'conformance', 0, 0)
    for (const line of [null, 1.5, 'one']) {
      const deletes = [
        leave(
          PLAIN,
          ['id', 'line'],
          [
            [from, plain(id, 1)],
            [from + 7, { id, line }],
          ],
        ),
      ]
      const error = await s.refused(
        load(id, from, from + 10, [write(PLAIN, 'upsert', [[from + 1, plain(id, 2)]])], [], deletes),
        'ROW_REFUSED',
      )
      assert.equal(error.where.offset, from + 7)
      assert.ok(error.message.includes(`'line'`), error.message)
    }
    assert.deepEqual(await s.held(PLAIN, id), comparable(PLAIN, [plain(id, 1)]))
    assert.equal(await s.tables.position(id, 'conformance', 0, 0), from)
  })
  test('a delete by no column, or by one that the table does not have, is TABLE_INVALID', async () => {
    const from = await s.tables.position('no-column', 'conformance', 0, 0)
    for (const where of [[], ['nope']])
      await s.refused(load('no-column', from, from + 1, [], [], [leave(PLAIN, where, [[from, { nope: 1 }]])]), 'TABLE_INVALID')
  })
  test('where duplicates are refused, a key is free again once its row has left, and not before', async () => {
    const id = 'free-again-'
    const gone = (offset: number) => [leave(PLAIN, ['id', 'line'], [[offset, plain(id, 1)]])]
    await loaded(
      id,
      PLAIN,
      [
        [0, plain(id, 1, 'first')],
        [2, plain(id, 1, 'second')],
      ],
      gone(1),
      'insert-stop',
    )
    assert.deepEqual(await s.held(PLAIN, id), comparable(PLAIN, [plain(id, 1, 'second')]))
    const from = await s.tables.position(id, 'conformance', 0, 0)
    const again = write(PLAIN, 'insert-stop', [[from, plain(id, 1, 'third')]])
    assert.equal((await s.refused(load(id, from, from + 5, [again], [], gone(from + 1)), 'DUPLICATE_ROW')).where.offset, from)
  })

  const MODELS: readonly Model[] = [
    { table: REVISED, mode: 'upsert', wheres: [['id', 'at'], ['id'], ['note', 'id']] },
    { table: PLAIN, mode: 'upsert', wheres: [['id', 'line'], ['id'], ['note', 'id']] },
    { table: REVISED, mode: 'insert-skip', wheres: [['id', 'at'], ['id']] },
  ]
  for (const [m, model] of MODELS.entries())
    for (const seed of [1, 2, 3])
      test(`any split of rows that come by ${model.mode} and leave gives what the records give one by one (${model.table.name}, seed ${seed})`, async () => {
        const RECORDS = 60
        const below = seeded(seed * 7 + m)
        const steps = stepped(model, RECORDS, below)
        for (const [n, size] of [() => 1, () => RECORDS, () => 7, () => 1 + below(20)].entries()) {
          const prefix = `leaving-${m}-${seed}-${n}-`
          const named = (row: Row): Row => (row['id'] === undefined ? row : { ...row, id: prefix + String(row['id']) })
          await s.tables.position(prefix, 'conformance', 0, 0)
          for (let from = 0; from < RECORDS; ) {
            const to = Math.min(RECORDS, from + size())
            const part = steps.all.filter(x => x.offset >= from && x.offset < to)
            const rows = part.flatMap((x): Placed[] => (x.kind === 'come' ? [[x.offset, named(x.row)]] : []))
            const gone = part.filter((x): x is Step & { kind: 'leave' } => x.kind === 'leave')
            const deletes = model.wheres.flatMap(where =>
              (['guarded', 'all'] as const).flatMap(which => {
                const of = gone.filter(x => x.where === where && (x.below === null) === (which === 'all'))
                const entries = of.map((x): Placed => [x.offset, named(x.row)])
                return of.length === 0 ? [] : [leave(model.table, where, entries, which === 'all' ? null : of.map(x => x.below!))]
              }),
            )
            await s.tables.load(load(prefix, from, to, [write(model.table, model.mode, rows)], [], deletes))
            from = to
          }
          assert.deepEqual(await s.held(model.table, prefix), comparable(model.table, steps.left.map(named)), `split ${n}`)
        }
      })
}

/** A table whose rows keep those of PLAIN from leaving. */
const REFERENCE = tableSpecOf(table('conformance_reference', { columns: { id: text, line: integer }, key: ['id', 'line'] }) as never)
const REFERENCE_SQL = `CREATE TABLE conformance_reference (id text NOT NULL, line integer NOT NULL, PRIMARY KEY (id, line),
  FOREIGN KEY (id, line) REFERENCES conformance_plain (id, line));`

/** For adapters with SQL. */
export function refusedLeavingConformance(s: Subject): void {
  test('a row that a constraint does not let go is ROW_REFUSED with the offset of the record, and nothing is written', async () => {
    await s.tables.migrate([{ name: '900071-reference', sql: REFERENCE_SQL }])
    const id = 'kept-'
    const rows = Array.from({ length: 200 }, (_, line) => plain(id, line))
    await s.tables.position(id, 'conformance', 0, 0)
    await s.tables.load(load(id, 0, 200, [write(PLAIN, 'upsert', placed(...rows))]))
    await s.tables.load(load(id, 200, 201, [write(REFERENCE, 'upsert', [[200, plain(id, 77)]])]))
    const entries = rows.map((row, i): Placed => [300 + i, row])
    const gone = load(id, 201, 600, [], [], [leave(PLAIN, ['id', 'line'], entries)])
    assert.equal((await s.refused(gone, 'ROW_REFUSED')).where.offset, 377)
    assert.equal((await s.held(PLAIN, id)).length, 200)
    await s.tables.load({
      ...gone,
      deletes: [
        leave(
          PLAIN,
          ['id', 'line'],
          entries.filter(([offset]) => offset !== 377),
        ),
      ],
    })
    assert.deepEqual(await s.held(PLAIN, id), comparable(PLAIN, [plain(id, 77)]))
  })
}
