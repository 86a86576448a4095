// Every sentence of the Tables contract that needs no SQL: the simulated tables pass it as the real ones do (exactly-once.md §8).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isMillraceError } from '../../model/errors.ts'
import { deadLettersConformance } from './tables-dead-letters.ts'
import { leavingConformance } from './tables-leaving.ts'
import { rowsConformance } from './tables-rows.ts'
import { splitsConformance } from './tables-splits.ts'
import { letter, load, PLAIN, type Subject, subjectOf, type TablesUnderTest, write } from './tables-under-test.ts'
import { valuesConformance } from './tables-values.ts'

/**
 * The port part. `open` gives tables where `CONFORMANCE_TABLES` exist and are empty; it is called once.
 * @param name what is tested, as it is to appear in the report
 */
export function tablesPortConformance(name: string, open: () => Promise<TablesUnderTest>): void {
  describe(`${name}: tables`, () => portConformance(opened(open)))
}

/** Tables that are opened before the first test of the surrounding suite and disposed of after its last one. */
export function opened(open: () => Promise<TablesUnderTest>): Subject {
  let under: TablesUnderTest | undefined
  before(async () => {
    under = await open()
  })
  after(() => under?.dispose())
  return subjectOf({
    get: () => under!,
    set: next => {
      under = next
    },
  })
}

export function portConformance(s: Subject): void {
  describe('the fence', () => fenceConformance(s))
  describe('rows', () => rowsConformance(s))
  describe('rows that leave', () => leavingConformance(s))
  describe('values', () => valuesConformance(s))
  describe('batch bounds', () => splitsConformance(s))
  describe('dead letters', () => deadLettersConformance(s))
  test('a close and another opening keep positions, rows and dead letters', async t => {
    await s.tables.position('keeps', 'conformance', 0, 7)
    const kept = letter('keeps', 7)
    await s.tables.load(load('keeps', 7, 9, [write(PLAIN, 'upsert', [[8, { id: 'keeps', line: 0 }]])], [kept]))
    if ((await s.reopen()) === 'not possible') return t.skip('nothing of these tables outlives close()')
    assert.equal(await s.tables.position('keeps', 'conformance', 0, 0), 9)
    assert.equal((await s.held(PLAIN, 'keeps')).length, 1)
    const letters = (await s.tables.deadLettersToForward(100_000)).filter(l => l.topic === 'keeps')
    assert.deepEqual(
      letters.map(l => l.message),
      [kept.message],
    )
  })
}

function fenceConformance(s: Subject): void {
  test('position makes the row once, with the first offset, and only reads it afterwards', async () => {
    assert.equal(await s.tables.position('once', 'a', 0, 42), 42)
    assert.equal(await s.tables.position('once', 'a', 0, 7), 42)
  })
  test('a reset moves the position and fences whoever read it before, also where it stands', async () => {
    const rows = (id: string) => [write(PLAIN, 'upsert', [[3, { id, line: 0 }]])]
    assert.equal(await s.tables.position('reset', 'a', 0, 3), 3)
    await s.tables.reset('reset', 'a', 0, 3)
    const code = await s.tables.load({ ...load('reset', 3, 4, rows('reset-never')), topic: 'a' }).then(
      () => 'loaded',
      (error: unknown) => (isMillraceError(error) ? error.code : String(error)),
    )
    assert.equal(code, 'SINK_FENCED')
    assert.equal(await s.tables.position('reset', 'a', 0, 99), 3)
    await s.tables.load({ ...load('reset', 3, 4, rows('reset-loads')), topic: 'a' })
    await s.tables.reset('reset', 'a', 0, 0)
    assert.equal(await s.tables.position('reset', 'a', 0, 99), 0)
    await s.tables.reset('reset', 'new', 0, 5)
    assert.equal(await s.tables.position('reset', 'new', 0, 99), 5)
    assert.deepEqual((await s.held(PLAIN, 'reset-')).length, 1)
  })
  test('sink, topic and partition each have a position of their own', async () => {
    assert.equal(await s.tables.position('own', 'a', 0, 1), 1)
    assert.equal(await s.tables.position('own', 'a', 1, 2), 2)
    assert.equal(await s.tables.position('own', 'b', 0, 3), 3)
    assert.equal(await s.tables.position('owns', 'a', 0, 4), 4)
    await s.tables.load({ ...load('own', 2, 5, []), topic: 'a', partition: 1 })
    const all = [
      await s.tables.position('own', 'a', 0, 0),
      await s.tables.position('own', 'a', 1, 0),
      await s.tables.position('own', 'b', 0, 0),
    ]
    assert.deepEqual(all, [1, 5, 3])
  })
  test('a load without rows moves the offset', async () => {
    await s.tables.position('empty', 'conformance', 0, 0)
    await s.tables.load(load('empty', 0, 2 ** 40, []))
    assert.equal(await s.tables.position('empty', 'conformance', 0, 0), 2 ** 40)
  })
  test('a load whose from is not the offset is SINK_FENCED and writes nothing', async () => {
    await s.tables.position('stale', 'conformance', 0, 10)
    for (const from of [9, 11])
      await s.refused(load('stale', from, 12, [write(PLAIN, 'upsert', [[from, { id: 'stale', line: from }]])]), 'SINK_FENCED')
    assert.equal(await s.tables.position('stale', 'conformance', 0, 0), 10)
    assert.deepEqual(await s.held(PLAIN, 'stale'), [])
  })
  test('a load for a sink that never asked its position is SINK_FENCED', async () => {
    await s.refused(load('nobody', 0, 1, [write(PLAIN, 'upsert', [[0, { id: 'nobody', line: 0 }]])]), 'SINK_FENCED')
    assert.deepEqual(await s.held(PLAIN, 'nobody'), [])
  })
  test('of loads from one offset that run at once exactly one is kept, the others are SINK_FENCED', async () => {
    await s.tables.position('race', 'conformance', 0, 0)
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map(i => s.tables.load(load('race', 0, i, [write(PLAIN, 'upsert', [[0, { id: `race-${i}`, line: i }]])]))),
    )
    const kept = outcomes.flatMap((o, i) => (o.status === 'fulfilled' ? [i + 1] : []))
    assert.equal(kept.length, 1)
    for (const o of outcomes) if (o.status === 'rejected') assert.equal(isMillraceError(o.reason) && o.reason.code, 'SINK_FENCED')
    assert.equal(await s.tables.position('race', 'conformance', 0, 0), kept[0])
    const rows = await s.held(PLAIN, 'race')
    assert.equal(rows.length, 1)
    assert.ok(rows[0]!.includes(`race-${kept[0]}`))
  })
}
