// The sink protocol (exactly-once.md §4) on simulated tables: locks, late commits, lost connections.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TableSpec } from '#lib/model/table.ts'
import { bool, integer, numeric, table, tableSpecOf, text } from '#lib/model/table.ts'
import { decimal } from '#lib/model/decimal.ts'
import type { Load } from '#lib/ports/tables.ts'
import type { Simulation } from '#lib/testing/simulation/simulation.ts'
import { SimulatedTables } from '#lib/testing/simulation/tables.ts'
import { calm, drawnOut, drawnTo, striking, watched } from './drawn.ts'

const rows = tableSpecOf(table('rows', { columns: { id: text, n: integer }, key: ['id'] }) as never)
const load = (from: number, to: number, ids: readonly string[], sink = 's', of: TableSpec = rows): Load => ({
  sink,
  topic: 't',
  partition: 0,
  from,
  to,
  writes: [{ table: of, mode: 'insert-stop', columns: [ids, ids.map((_, i) => i)], offsets: ids.map((_, i) => from + i) }],
  deletes: [],
  deadLetters: [],
})
const ids = ({ world }: Simulation): unknown[] => world.database.rows('rows').map(r => r['id'])

describe('a load whose end the client does not know', () => {
  test('a COMMIT that lands late wins or loses against the lost connection, never half: rows and offset agree at every draw', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const simulation = striking('lands late', 'tables.commit', 'request', seed, 1)
      const { tables } = simulation.ports(simulation.process('p'))
      await drawnTo(simulation, tables.position('s', 't', 0, 0))
      const loading = watched(tables.load(load(0, 2, ['a', 'b'])))
      const seen = new Set<string>()
      const check = (): void => {
        seen.add(`${ids(simulation).join('')} ${simulation.world.database.positions[0]!.next}`)
      }
      await simulation.run(() => false, { check })
      assert.equal(loading.code, 'TABLES_UNAVAILABLE')
      assert.deepEqual(
        [...seen].filter(s => s !== ' 0' && s !== 'ab 2'),
        [],
      )
      outcomes.add([...seen].at(-1)!)
    }
    assert.deepEqual([...outcomes].sort(), [' 0', 'ab 2'])
  })

  test('a second loader waits for the lock of a transaction whose client is gone, then goes by what became of it', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const simulation = striking('lands late', 'tables.commit', 'request', seed, 1)
      const first = simulation.ports(simulation.process('first')).tables
      const second = simulation.ports(simulation.process('second')).tables
      await drawnTo(simulation, first.position('s', 't', 0, 0))
      const lost = watched(first.load(load(0, 2, ['a', 'b'])))
      await simulation.run(() => lost.state !== 'pending')
      const again = watched(second.load(load(0, 2, ['a', 'b'])))
      await drawnOut(simulation)
      assert.deepEqual(ids(simulation), ['a', 'b'])
      assert.equal(simulation.world.database.positions[0]!.next, 2)
      outcomes.add(again.code ?? 'loaded')
    }
    assert.deepEqual([...outcomes].sort(), ['SINK_FENCED', 'loaded'])
  })

  for (const stage of ['request', 'reply'] as const)
    for (const point of ['tables.fence', 'tables.write', 'tables.commit'])
      test(`a process killed at the ${stage} of ${point} leaves no lock behind`, async () => {
        for (let seed = 1; seed <= 10; seed++) {
          const simulation = striking('kill', point, stage, seed)
          const dying = simulation.ports(simulation.process('dying')).tables
          const next = simulation.ports(simulation.process('next')).tables
          await drawnTo(simulation, next.position('s', 't', 0, 0))
          void dying.load(load(0, 1, ['x']))
          await simulation.run(() => simulation.tally.of('kill') === 1)
          const loading = watched(next.load(load(0, 1, ['y'])))
          await drawnOut(simulation)
          assert.notEqual(loading.state, 'pending')
          assert.deepEqual(ids(simulation), loading.state === 'fulfilled' ? ['y'] : ['x'])
        }
      })
})

test('two sinks of one table take turns: each sees the rows of the other, or none of them', async () => {
  const outcomes = new Set<string>()
  for (let seed = 1; seed <= 60; seed++) {
    const simulation = calm(seed)
    const [one, two] = ['one', 'two'].map(name => simulation.ports(simulation.process(name)).tables)
    await drawnTo(simulation, Promise.all([one!.position('s1', 't', 0, 0), two!.position('s2', 't', 0, 0)]))
    const loads = [watched(one!.load(load(0, 1, ['same'], 's1'))), watched(two!.load(load(0, 1, ['same'], 's2')))]
    await drawnOut(simulation)
    assert.deepEqual(loads.map(l => l.code ?? 'loaded').sort(), ['DUPLICATE_ROW', 'loaded'])
    assert.deepEqual(ids(simulation), ['same'])
    outcomes.add(String(loads[0]!.code))
  }
  assert.equal(outcomes.size, 2)
})

test('keys are equal exactly where SQL calls them equal', async () => {
  const tables = new SimulatedTables()
  const keyed = tableSpecOf(table('keyed', { columns: { n: numeric(8, 2), i: integer, b: bool }, key: ['n', 'i', 'b'] }) as never)
  const put = (from: number, n: unknown, i: unknown, b: unknown) =>
    tables.load({
      ...load(from, from + 1, []),
      writes: [{ table: keyed, mode: 'insert-stop', columns: [[n], [i], [b]], offsets: [from] }],
    })
  await tables.position('s', 't', 0, 0)
  await put(0, decimal('1.5', 1), 0, true)
  for (const [n, i] of [
    [decimal('1.50', 2), 0],
    [decimal('1.504', 3), 0],
    [decimal('1.5', 1), -0],
    [decimal('1.5', 1), 0n],
  ])
    await assert.rejects(put(1, n, i, true), { code: 'DUPLICATE_ROW' })
  await put(1, decimal('1.51', 2), 0, true)
  await put(2, decimal('1.5', 1), 0, false)
  assert.equal(tables.database.rows('keyed').length, 3)
})

test('migrations run once, in the order of their names; an edited one, another column and SQL are refused', async () => {
  const tables = new SimulatedTables()
  const [a, b] = [
    { name: '1', sql: 'a' },
    { name: '2', sql: 'b' },
  ]
  assert.deepEqual(await tables.migrate([b, a]), ['1', '2'])
  assert.deepEqual(await tables.migrate([a, b]), [])
  await assert.rejects(tables.migrate([{ name: '1', sql: 'edited' }]), { code: 'TABLE_DIFFERS' })
  await tables.check([rows])
  const other = tableSpecOf(table('rows', { columns: { id: text, n: text }, key: ['id'] }) as never)
  await assert.rejects(tables.check([other]), { code: 'TABLE_DIFFERS' })
  await assert.rejects(tables.query('SELECT 1'), { code: 'QUERY_FAILED' })
})
