import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Behind } from '#lib/engine/behind.ts'
import { cleanStamp, dirtyStamp } from '#lib/engine/stamp.ts'
import type { ApplyCall } from '#lib/ports/state-cache.ts'
import { SimulatedStateCache } from '#lib/testing/simulation/state-cache.ts'

test('E2: what is read back counts under a meta of ours from the asking on, or under an APPLY of ours that began since', async () => {
  const cache = new SimulatedStateCache()
  await cache.apply('t', { expect: null, landed: [], stamp: cleanStamp('l', 10), replace: true, entries: [] })
  const applied: number[] = []
  const behind = new Behind({
    cache: Object.assign(Object.create(cache) as typeof cache, {
      apply: (task: string, call: ApplyCall) => {
        during()
        return cache.apply(task, call)
      },
    }),
    task: 't',
    ledgerId: 'l',
    nonce: 'mine',
    at: 10,
    stamp: cleanStamp('l', 10),
    callEntries: 10,
    applied: epoch => applied.push(epoch),
  })
  const mine = (stamp: string | null, asked: number): boolean => behind.isMine(stamp, asked)
  const during = (): void => {
    assert.ok(mine(cleanStamp('l', 10), 10), 'not begun yet')
    assert.ok(mine(cleanStamp('l', 20), 10), 'landed, its reply on the way')
    assert.ok(mine(dirtyStamp('l', 10, 20, 'mine', 3), 10), 'half way')
    assert.ok(!mine(dirtyStamp('l', 10, 20, 'other', 3), 10), "another owner's half-done APPLY")
    assert.ok(!mine(dirtyStamp('l', 5, 20, 'mine', 3), 10), 'one that fell back')
    assert.ok(!mine(cleanStamp('l', 30), 10), "another owner's meta")
    assert.deepEqual(applied, [], 'dirty entries stay until the APPLY is acknowledged')
  }
  assert.ok(mine(cleanStamp('l', 10), 10))
  assert.ok(!mine(cleanStamp('l', 20), 10))
  behind.committed([], 15, 7)
  behind.committed([], 20, 8)
  await behind.apply()
  assert.deepEqual(applied, [8])
  assert.ok(mine(cleanStamp('l', 20), 20))
  assert.ok(mine(cleanStamp('l', 10), 10), 'asked before, answered before the APPLY')
  assert.ok(!mine(cleanStamp('l', 10), 20), 'fell back')
  assert.ok(!mine(dirtyStamp('l', 10, 20, 'mine', 1), 20), 'fell back into the middle')
  for (const other of [null, 'nonsense', cleanStamp('k', 20)]) assert.ok(!mine(other, 20))
})
