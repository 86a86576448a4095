import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { stateCacheConformance } from '#lib/testing/conformance/state-cache.ts'

stateCacheConformance('embedded', async () => {
  const cache = new EmbeddedStateCache()
  return { cache, dispose: () => cache.close() }
})

test('a closed cache is CACHE_UNAVAILABLE on every member', async () => {
  const cache = new EmbeddedStateCache()
  await cache.close()
  const call = { expect: null, landed: [], stamp: 's', replace: false, entries: [] }
  for (const asked of [
    () => cache.stamp('t'),
    () => cache.apply('t', call),
    () => cache.wipe('t', null),
    () => cache.read('t', 's', []),
    () => cache.counts('t'),
  ])
    await assert.rejects(asked, error => isMillraceError(error) && error.code === 'CACHE_UNAVAILABLE')
})

test('a new cache is empty: the engine catches up from the ledger', async () => {
  const first = new EmbeddedStateCache()
  const entries = [{ store: 's', key: Buffer.from('k'), value: Buffer.from('v') }]
  await first.apply('t', { expect: null, landed: [], stamp: 's', replace: false, entries })
  await first.close()
  assert.equal(await new EmbeddedStateCache().stamp('t'), null)
})
