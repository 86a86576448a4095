// Proves every sentence of lib/ports/state-cache.ts on an adapter.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { ApplyCall, CacheEntry, StateCache } from '../../ports/state-cache.ts'

export interface OpenedCache {
  readonly cache: StateCache
  dispose(): Promise<void>
}

const PATIENCE = { timeout: 60_000 }
const bytes = (s: string): Buffer => Buffer.from(s, 'latin1')
const entry = (store: string, key: string, value: string | null): CacheEntry => ({
  store,
  key: bytes(key),
  value: value === null ? null : bytes(value),
})
const call = (expect: string | null, stamp: string, entries: readonly CacheEntry[] = [], more: Partial<ApplyCall> = {}): ApplyCall => ({
  expect,
  landed: [stamp],
  stamp,
  replace: false,
  entries,
  ...more,
})

/** Registers the suite with node:test under `name`. `open` is called once per test; tasks have names of their own, so the cache may be shared. */
export function stateCacheConformance(name: string, open: () => Promise<OpenedCache>): void {
  const cacheTest = (sentence: string, body: (cache: StateCache, task: string) => Promise<void>): void => {
    test(sentence, PATIENCE, async () => {
      const { cache, dispose } = await open()
      try {
        await body(cache, `app.processor-${randomUUID()}.0`)
      } finally {
        await dispose()
      }
    })
  }
  /** What the cache holds of `keys`, read with one call. */
  async function held(cache: StateCache, task: string, store: string, ...keys: string[]) {
    const { stamp, values } = await cache.read(
      task,
      store,
      keys.map(k => bytes(k)),
    )
    return { stamp, values: values.map(v => (v === null ? null : Buffer.from(v).toString('latin1'))) }
  }

  describe(`state cache contract: ${name}`, () => {
    cacheTest('a task that was never applied has no stamp, no entries and no counts', async (cache, task) => {
      assert.equal(await cache.stamp(task), null)
      assert.deepEqual(await held(cache, task, 's', 'k'), { stamp: null, values: [null] })
      const { stamp, counts } = await cache.counts(task)
      assert.deepEqual([stamp, { ...counts }], [null, {}])
    })

    cacheTest('a call whose stamp is expected writes entries and stamp together', async (cache, task) => {
      assert.equal(await cache.apply(task, call(null, 'l:1', [entry('a', 'k', 'v'), entry('b', 'k', 'w')])), 'applied')
      assert.equal(await cache.stamp(task), 'l:1')
      assert.deepEqual(await held(cache, task, 'a', 'k', 'none'), { stamp: 'l:1', values: ['v', null] })
      assert.deepEqual(await held(cache, task, 'b', 'k'), { stamp: 'l:1', values: ['w'] })
      assert.deepEqual(await held(cache, task, 'c', 'k'), { stamp: 'l:1', values: [null] })
      assert.equal(await cache.apply(task, call('l:1', 'l:2', [entry('a', 'k', 'v2'), entry('a', 'k2', 'x')])), 'applied')
      assert.deepEqual(await held(cache, task, 'a', 'k', 'k2'), { stamp: 'l:2', values: ['v2', 'x'] })
      assert.deepEqual(await held(cache, task, 'b', 'k'), { stamp: 'l:2', values: ['w'] })
    })

    cacheTest('E6: a mismatch writes nothing: another stamp, none, or one where none is expected', async (cache, task) => {
      assert.equal(await cache.apply(task, call('l:1', 'l:2', [entry('a', 'k', 'never')])), 'mismatch')
      assert.deepEqual(await held(cache, task, 'a', 'k'), { stamp: null, values: [null] })
      await cache.apply(task, call(null, 'l:1', [entry('a', 'k', 'v')]))
      for (const expect of [null, 'l:0', 'l:11', 'dirty:l:1'])
        assert.equal(
          await cache.apply(task, call(expect, 'l:2', [entry('a', 'k', null), entry('a', 'k2', 'x')], { replace: true })),
          'mismatch',
        )
      assert.deepEqual(await held(cache, task, 'a', 'k', 'k2'), { stamp: 'l:1', values: ['v', null] })
    })

    cacheTest(
      'E6: a call that has landed says so and writes nothing again, even if its expected stamp is there too',
      async (cache, task) => {
        const first = call(null, 'dirty:0:9:n:1', [entry('a', 'k', '1')], { landed: ['l:9', 'dirty:0:9:n:1', 'dirty:0:9:n:2'] })
        const second = call('dirty:0:9:n:1', 'dirty:0:9:n:2', [entry('a', 'k', '2')], { landed: ['l:9', 'dirty:0:9:n:2'] })
        const last = call('dirty:0:9:n:2', 'l:9', [entry('a', 'k', '3')], { landed: ['l:9'] })
        assert.equal(await cache.apply(task, first), 'applied')
        assert.equal(await cache.apply(task, first), 'landed')
        assert.equal(await cache.apply(task, second), 'applied')
        assert.equal(await cache.apply(task, first), 'landed')
        assert.deepEqual(await held(cache, task, 'a', 'k'), { stamp: 'dirty:0:9:n:2', values: ['2'] })
        assert.equal(await cache.apply(task, last), 'applied')
        for (const again of [first, second, last]) assert.equal(await cache.apply(task, again), 'landed')
        assert.deepEqual(await held(cache, task, 'a', 'k'), { stamp: 'l:9', values: ['3'] })
        assert.equal(await cache.apply(task, call('l:9', 'l:9', [entry('a', 'k', 'never')])), 'landed')
        assert.deepEqual(await held(cache, task, 'a', 'k'), { stamp: 'l:9', values: ['3'] })
      },
    )

    cacheTest('a null value deletes the entry, also one that is not there; the later change of a key stays', async (cache, task) => {
      await cache.apply(task, call(null, '1', [entry('a', 'k', 'v'), entry('a', 'kept', 'v'), entry('a', 'never', null)]))
      await cache.apply(
        task,
        call('1', '2', [entry('a', 'k', null), entry('a', 'x', '1'), entry('a', 'x', '2'), entry('a', 'y', '1'), entry('a', 'y', null)]),
      )
      assert.deepEqual(await held(cache, task, 'a', 'k', 'kept', 'never', 'x', 'y'), { stamp: '2', values: [null, 'v', null, '2', null] })
      const { counts } = await cache.counts(task)
      assert.deepEqual({ ...counts }, { a: 2 })
    })

    cacheTest('a snapshot replaces everything of the task, in all stores', async (cache, task) => {
      await cache.apply(task, call(null, '1', [entry('a', 'k', 'v'), entry('b', 'k', 'v')]))
      assert.equal(await cache.apply(task, call('1', '2', [entry('a', 'new', 'n')], { replace: true })), 'applied')
      assert.deepEqual(await held(cache, task, 'a', 'k', 'new'), { stamp: '2', values: [null, 'n'] })
      assert.deepEqual(await held(cache, task, 'b', 'k'), { stamp: '2', values: [null] })
      const { stamp, counts } = await cache.counts(task)
      assert.deepEqual([stamp, { ...counts }], ['2', { a: 1 }])
    })

    cacheTest('wipe removes stamp and entries together, and may be repeated', async (cache, task) => {
      await cache.apply(task, call(null, '1', [entry('a', 'k', 'v'), entry('b', 'k', 'v')]))
      assert.equal(await cache.wipe(task, '1'), 'wiped')
      assert.deepEqual(await held(cache, task, 'a', 'k'), { stamp: null, values: [null] })
      assert.deepEqual({ ...(await cache.counts(task)).counts }, {})
      assert.equal(await cache.wipe(task, '1'), 'wiped')
      assert.equal(await cache.wipe(task, null), 'wiped')
      assert.equal(await cache.apply(task, call(null, '2', [entry('a', 'new', 'n')])), 'applied')
      assert.deepEqual(await held(cache, task, 'a', 'k', 'new'), { stamp: '2', values: [null, 'n'] })
    })

    cacheTest('wipe with another stamp is a mismatch and removes nothing', async (cache, task) => {
      await cache.apply(task, call(null, '1', [entry('a', 'k', 'v')]))
      assert.equal(await cache.wipe(task, '2'), 'mismatch')
      assert.equal(await cache.wipe(task, null), 'mismatch')
      assert.deepEqual(await held(cache, task, 'a', 'k'), { stamp: '1', values: ['v'] })
    })

    cacheTest('tasks do not touch one another', async (cache, task) => {
      const other = `${task}1`
      await cache.apply(task, call(null, '1', [entry('a', 'k', 'mine')]))
      await cache.apply(other, call(null, 'o1', [entry('a', 'k', 'theirs')]))
      await cache.wipe(task, '1')
      assert.deepEqual(await held(cache, other, 'a', 'k'), { stamp: 'o1', values: ['theirs'] })
      await cache.apply(task, call(null, '2', [], { replace: true }))
      assert.deepEqual(await held(cache, other, 'a', 'k'), { stamp: 'o1', values: ['theirs'] })
      assert.deepEqual(await held(cache, task, 'a', 'k'), { stamp: '2', values: [null] })
    })

    cacheTest('keys and values are bytes: empty, zero, high and long ones come back as they were', async (cache, task) => {
      const high = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
      const given: readonly (readonly [string, string])[] = [
        ['', 'empty key'],
        ['\0', ''],
        ['\0\0', '\0'],
        [high, high],
        ['\xc3\xa4', 'two bytes'],
        ['\xe4', 'one byte'],
        ['x'.repeat(5_000), 'y'.repeat(200_000)],
        [':{}*\r\n', 'punctuation'],
      ]
      await cache.apply(
        task,
        call(
          null,
          '1',
          given.map(([k, v]) => entry('ä store:{x}', k, v)),
        ),
      )
      const read = await held(cache, task, 'ä store:{x}', ...given.map(([k]) => k))
      assert.deepEqual(
        read.values,
        given.map(([, v]) => v),
      )
      assert.deepEqual({ ...(await cache.counts(task)).counts }, { 'ä store:{x}': given.length })
    })

    cacheTest('the caller may use its memory again once a call is settled', async (cache, task) => {
      const [key, value] = [bytes('key'), bytes('value')]
      await cache.apply(task, call(null, '1', [{ store: 'a', key, value }]))
      key.fill(0x58)
      value.fill(0x58)
      assert.deepEqual(await held(cache, task, 'a', 'key', 'XXX'), { stamp: '1', values: ['value', null] })
    })

    cacheTest('a call of 1,000 entries happens as a whole, and the order of read values is that of the keys', async (cache, task) => {
      const entries = Array.from({ length: 1_000 }, (_, i) => entry(i % 2 === 0 ? 'even' : 'odd', `k${i}`, `v${i}`))
      await cache.apply(task, call(null, '1', entries))
      assert.deepEqual({ ...(await cache.counts(task)).counts }, { even: 500, odd: 500 })
      const order = [998, 0, 1, 444, 0]
      const read = await held(cache, task, 'even', ...order.map(i => `k${i}`))
      assert.deepEqual(read.values, ['v998', 'v0', null, 'v444', 'v0'])
    })

    cacheTest(
      'I4: of owners that race with the same expected stamp one applies; readers see whole calls with their stamp',
      async (cache, task) => {
        await cache.apply(task, call(null, '0', [entry('a', 'x', '0'), entry('a', 'y', '0')]))
        const owners = ['p', 'q', 'r'].map(name => cache.apply(task, call('0', name, [entry('a', 'x', name), entry('a', 'y', name)])))
        const reads = Array.from({ length: 6 }, () => held(cache, task, 'a', 'x', 'y'))
        assert.deepEqual((await Promise.all(owners)).toSorted(), ['applied', 'mismatch', 'mismatch'])
        for (const { stamp, values } of await Promise.all(reads)) assert.deepEqual(values, [stamp, stamp])
        const end = await held(cache, task, 'a', 'x', 'y')
        assert.deepEqual(end.values, [end.stamp, end.stamp])
      },
    )

    cacheTest('a scan gives every entry, page by page, each page with the stamp', async (cache, task) => {
      const keys = Array.from({ length: 700 }, (_, i) => `key-${i}`)
      await cache.apply(task, call(null, 'l:1', [...keys.map(k => entry('s', k, `of ${k}`)), entry('other', 'x', 'y')]))
      for (const limit of [1, 7, 10_000]) {
        const found = new Map<string, string>()
        let cursor: string | null = null
        do {
          const page: Awaited<ReturnType<StateCache['scan']>> = await cache.scan(task, 's', cursor, limit)
          assert.equal(page.stamp, 'l:1')
          assert.ok(page.entries.length > 0 || page.next === null)
          for (const [k, v] of page.entries) found.set(Buffer.from(k).toString('latin1'), Buffer.from(v).toString('latin1'))
          cursor = page.next
        } while (cursor !== null)
        assert.deepEqual([...found].sort(), keys.map(k => [k, `of ${k}`]).sort())
      }
      assert.deepEqual(await cache.scan(task, 'none', null, 10), { stamp: 'l:1', entries: [], next: null })
      assert.deepEqual(await cache.scan(`${task}-2`, 's', null, 10), { stamp: null, entries: [], next: null })
    })

    cacheTest('what is there from the first page of a scan to the last is given, whatever else changes meanwhile', async (cache, task) => {
      const stays = Array.from({ length: 300 }, (_, i) => `stays-${i}`)
      const goes = Array.from({ length: 300 }, (_, i) => `goes-${i}`)
      await cache.apply(
        task,
        call(
          null,
          'l:0',
          [...stays, ...goes].map(k => entry('s', k, 'v')),
        ),
      )
      const found = new Set<string>()
      let cursor: string | null = null
      let calls = 0
      do {
        const page: Awaited<ReturnType<StateCache['scan']>> = await cache.scan(task, 's', cursor, 50)
        assert.equal(page.stamp, `l:${calls}`)
        for (const [k] of page.entries) found.add(Buffer.from(k).toString('latin1'))
        cursor = page.next
        const changes = [entry('s', goes[calls * 20] ?? 'goes-x', null), entry('s', `comes-${calls}`, 'v')]
        await cache.apply(task, call(`l:${calls}`, `l:${calls + 1}`, changes))
        calls++
      } while (cursor !== null)
      assert.ok(stays.every(k => found.has(k)))
    })
  })
}
