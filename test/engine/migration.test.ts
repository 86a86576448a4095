// S5.1: what an older version of a stage remembered is brought along, or refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, type Processor, type ProcessorOptions, processor, scan } from '#lib/index.ts'
import { entriesOf } from '#lib/state/delta.ts'
import { readValue } from '#lib/state/value-codec.ts'
import { e, events, lines } from '../semantics/jobs.ts'
import { APP, Lives } from './lives.ts'

const TUNING = { residentEntries: 4, applyEntries: 5, applyEveryMs: 1, snapshotBytes: 1_000 }
const flow = from(events, { idle: 'never' })
/** Version 1 keeps a number, version 2 an object, version 3 a text. */
const first = () =>
  processor(
    'growing',
    flow
      .pipe(
        scan('s', {
          version: 1,
          ttl: null,
          initial: () => 0,
          next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: `1:${s + x.v}` }] }),
        }),
      )
      .to(lines),
  )
const second = (migrate?: ProcessorOptions['migrate']) =>
  processor(
    'growing',
    flow
      .pipe(
        scan('s', {
          version: 2,
          ttl: null,
          initial: () => ({ sum: 0 }),
          next: (s, x) => ({ state: { sum: s.sum + x.v }, emit: [{ k: x.k, text: `2:${s.sum + x.v}` }] }),
        }),
      )
      .to(lines),
    migrate === undefined ? {} : { migrate },
  )
const third = () =>
  processor(
    'growing',
    flow
      .pipe(
        scan('s', {
          version: 3,
          ttl: null,
          initial: () => '0',
          next: (s, x) => ({ state: String(Number(s) + x.v), emit: [{ k: x.k, text: `3:${Number(s) + x.v}` }] }),
        }),
      )
      .to(lines),
    { migrate: { s: (old, version) => String(version === 1 ? old : (old as { sum: number }).sum) } },
  )
const brought = {
  s: (old: unknown, version: number): unknown => (assert.equal(version, 1), (old as number) < 0 ? null : { sum: old as number }),
}

const KEYS = Array.from({ length: 30 }, (_, i) => `key-${i}`)
async function filled(): Promise<Lives> {
  const lives = new Lives(TUNING)
  await lives.begin(first())
  await lives.push(events, ...KEYS.map((k, i) => e(k, i, i + 1)), e('minus', 31, -5))
  await lives.pass(3)
  return lives
}
async function last(lives: Lives, n: number): Promise<string[]> {
  return (await lives.results(lines)).slice(-n).map(l => l.text)
}
/** I4: what the cache holds is what the ledger says. */
async function cacheIsLedger(lives: Lives, p: Processor): Promise<void> {
  await lives.pass(3)
  const ledger = new Map<string, unknown>()
  for (const record of await lives.ledger(p)) {
    if (record.kind === 'meta' && record.meta.kind === 'snapshot' && record.offset === record.meta.snapshotAt) ledger.clear()
    if (record.kind !== 'delta' && record.kind !== 'snapshot') continue
    for (const { key, value } of entriesOf(record.block)) {
      const k = key.toString('latin1')
      if (value === null) ledger.delete(k)
      else ledger.set(k, value.toString('latin1'))
    }
  }
  const cached = lives.world.cache.content(`${APP}.${p.id}.0`)!.stores.get('s')!
  for (const [k, value] of cached)
    assert.equal(Buffer.from(value).toString('latin1'), ledger.get(k), `key ${String(readValue(Buffer.from(k, 'latin1')))}`)
}

test('S5.1: a migrate brings the values of an older version along; null forgets a key', async () => {
  const lives = await filled()
  lives.kill()
  await lives.begin(second(brought))
  await lives.push(events, ...KEYS.map((k, i) => e(k, 40 + i, 100)), e('minus', 80, 1))
  assert.deepEqual(await last(lives, 31), [...KEYS.map((_, i) => `2:${i + 101}`), '2:1'])
  await cacheIsLedger(lives, second())
})

test('S5.1: the first epoch of the new version is a snapshot: from there on it needs no migrate, and the old version is refused', async () => {
  const lives = await filled()
  lives.kill()
  await lives.begin(second(brought))
  const records = (await lives.ledger(second())).filter(r => r.kind === 'meta')
  assert.equal(records.at(-1)!.kind === 'meta' && records.at(-1)!.meta.kind, 'snapshot', 'before any record was computed')
  lives.kill()
  await lives.begin(second())
  await lives.push(events, e('key-3', 50, 1))
  assert.deepEqual(await last(lives, 1), ['2:5'])
  lives.kill()
  await assert.rejects(lives.begin(first()), { code: 'STATE_INCOMPATIBLE', message: /stage 's' was version 2 and is version 1/ })
})

test('S5.1: versions may be left out; a migrate is told from which one a value is', async () => {
  const lives = await filled()
  lives.kill()
  await lives.begin(third())
  await lives.push(events, e('key-3', 50, 1))
  assert.deepEqual(await last(lives, 1), ['3:5'])
})

test('S5.1: wherever the process dies meanwhile, old and new never mix', async () => {
  let deaths = 0
  for (let at = 0; deaths === at; at++) {
    const lives = await filled()
    lives.kill()
    let calls = 0
    lives.onCall = () => {
      if (calls++ === at) {
        deaths++
        lives.kill()
      }
    }
    if ((await lives.begin(second(brought))) === 'rests') await lives.pass(5)
    lives.onCall = () => {}
    lives.kill()
    await lives.begin(second(brought))
    await lives.push(events, ...KEYS.map((k, i) => e(k, 40 + i, 100)))
    await lives.pass(5)
    await lives.push(events, ...KEYS.map((k, i) => e(k, 80 + i, 100)))
    assert.deepEqual(
      await last(lives, 30),
      KEYS.map((_, i) => `2:${i + 201}`),
      `killed at call ${at}`,
    )
    await cacheIsLedger(lives, second())
  }
  assert.ok(deaths > 20, `killed at ${deaths} calls`)
})

test('S5.1: what does not fit is refused, naming stage, change and way out', async () => {
  const lives = await filled()
  lives.kill()
  await assert.rejects(lives.begin(second()), {
    code: 'STATE_INCOMPATIBLE',
    message: /stage 's' was version 1 and is version 2: give the processor migrate: \{ 's': .*millrace reset growing/,
  })
  lives.kill()
  const renamed = processor(
    'growing',
    flow.pipe(scan('t', { version: 1, ttl: null, initial: () => 0, next: s => ({ state: s }) })).to(lines as never),
  )
  await assert.rejects(lives.begin(renamed), { code: 'STATE_INCOMPATIBLE', message: /stage 's' is gone; stage 't' is new/ })
})

test('S5.1: a migrate that throws, or gives what cannot be kept, stops the task and changes nothing', async () => {
  const lives = await filled()
  for (const migrate of [
    () => {
      throw new TypeError('no idea')
    },
    () => new Date(0),
  ]) {
    lives.kill()
    await assert.rejects(lives.begin(second({ s: migrate })), { code: 'STATE_INCOMPATIBLE', message: /stage 's'/ })
  }
  lives.kill()
  await lives.begin(first())
  await lives.push(events, e('key-3', 50, 1))
  assert.deepEqual(await last(lives, 1), ['1:5'])
})

test('a migrate for a stage that is not there is a mistake in the plan', () => {
  assert.throws(() => processor('p', flow.to(events), { migrate: { nobody: old => old } }), { code: 'PLAN_INVALID', message: /nobody/ })
})
