// Dead letters of a sink: kept in the transaction of the rows, handed out until they are marked as forwarded (S6.2).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetterRow } from '../../ports/tables.ts'
import { letter, load, PLAIN, type Subject, write } from './tables-under-test.ts'

const bytes = (b: Uint8Array | null): readonly number[] | null => (b === null ? null : [...b])
const shown = (l: DeadLetterRow) => ({ ...l, key: bytes(l.key), value: bytes(l.value) })
const byPlace = (a: DeadLetterRow, b: DeadLetterRow): number => a.offset - b.offset || (a.stage < b.stage ? -1 : 1)

export function deadLettersConformance(s: Subject): void {
  const waiting = async (topic: string) => (await s.tables.deadLettersToForward(100_000)).filter(l => l.topic === topic).sort(byPlace)

  test('S6.2 letters commit with the rows of their load and hold what they were given', async () => {
    const letters = [
      letter('dl-1', 1, { message: `odd "text", '\\' {NULL} 😀`, key: null, value: new Uint8Array(0) }),
      letter('dl-1', 2, { stage: 'process', code: 'USER_FUNCTION_FAILED', value: Uint8Array.from({ length: 256 }, (_, i) => i) }),
      letter('dl-1', 2 ** 40, { time: 0, message: '' }),
    ]
    await s.tables.position('dl-1', 'conformance', 0, 0)
    await s.tables.load(load('dl-1', 0, 9, [write(PLAIN, 'upsert', [[0, { id: 'dl-1', line: 0 }]])], letters))
    assert.deepEqual((await waiting('dl-1')).map(shown), letters.map(shown))
    assert.equal((await s.held(PLAIN, 'dl-1')).length, 1)
  })

  test('S6.2 a message with characters that SQL text cannot hold is kept with them replaced', async () => {
    await s.tables.position('dl-nul', 'conformance', 0, 0)
    await s.tables.load(load('dl-nul', 0, 1, [], [letter('dl-nul', 0, { message: 'a\0b\ud800c' })]))
    assert.deepEqual(
      (await waiting('dl-nul')).map(l => l.message),
      ['a\ufffdb\ufffdc'],
    )
  })

  test('letters of a fenced or refused load are not kept', async () => {
    await s.tables.position('dl-2', 'conformance', 0, 5)
    await s.refused(load('dl-2', 4, 6, [], [letter('dl-2', 4)]), 'SINK_FENCED')
    await s.refused(load('dl-2', 5, 6, [write(PLAIN, 'upsert', [[5, { id: 'dl-2', line: 0.5 }]])], [letter('dl-2', 5)]), 'ROW_REFUSED')
    await s.tables.load(load('dl-2', 5, 6, [write(PLAIN, 'upsert', [[5, { id: 'dl-2', line: 1 }]])]))
    await s.refused(load('dl-2', 6, 7, [write(PLAIN, 'insert-stop', [[6, { id: 'dl-2', line: 1 }]])], [letter('dl-2', 6)]), 'DUPLICATE_ROW')
    assert.deepEqual(await waiting('dl-2'), [])
  })

  test('a letter of the same topic, partition, offset and stage is kept once, the first', async () => {
    await s.tables.position('dl-3', 'conformance', 0, 0)
    await s.tables.load(load('dl-3', 0, 1, [], [letter('dl-3', 0, { message: 'first' }), letter('dl-3', 0, { message: 'second' })]))
    await s.tables.load(
      load('dl-3', 1, 2, [], [letter('dl-3', 0, { message: 'third' }), letter('dl-3', 0, { stage: 'other', message: 'kept' })]),
    )
    assert.deepEqual(
      (await waiting('dl-3')).map(l => l.message),
      ['first', 'kept'],
    )
  })

  test('letters are handed out until forwarded() marks them, at most as many as asked for', async () => {
    await s.tables.forwarded(await s.tables.deadLettersToForward(100_000))
    assert.deepEqual(await s.tables.deadLettersToForward(100_000), [])
    await s.tables.position('dl-4', 'conformance', 0, 0)
    const letters = Array.from({ length: 10 }, (_, i) => letter('dl-4', i))
    await s.tables.load(load('dl-4', 0, 10, [], letters))
    assert.equal((await s.tables.deadLettersToForward(0)).length, 0)
    const seen: number[] = []
    for (let round = 0; round < 4; round++) {
      const some = await s.tables.deadLettersToForward(3)
      assert.equal(some.length, Math.min(3, 10 - seen.length))
      seen.push(...some.map(l => l.offset))
      await s.tables.forwarded(some)
    }
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      letters.map(l => l.offset),
    )
    await s.tables.forwarded(letters)
    assert.deepEqual(await s.tables.deadLettersToForward(10), [])
  })
}
