import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, millis, processor, scan } from '#lib/index.ts'
import { entriesOf } from '#lib/state/delta.ts'
import { e, events, lines } from '../semantics/jobs.ts'
import { Lives } from './lives.ts'

const TTL = 80
const forgetful = (records: number) =>
  processor(
    'forgetful',
    from(events, { idle: 'never' })
      .pipe(
        scan('s', {
          version: 1,
          ttl: millis(TTL),
          initial: () => 0,
          next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: `${x.k}${s + x.v}` }] }),
        }),
      )
      .to(lines),
    { epoch: { records } },
  )

test('S5.2: what has outlived its time to live leaves memory, and its deletion is part of an epoch', async () => {
  const lives = new Lives()
  const p = forgetful(1_000)
  await lives.begin(p)
  await lives.push(events, e('a', 0), e('b', 50), e('c', 60))
  await lives.push(events, e('d', TTL + 50))
  const [store] = lives.task(p).stores()
  assert.deepEqual(
    [...store!.entries].map(s => s.key),
    ['b', 'c', 'd'],
  )
  const records = await lives.ledger(p)
  const last = records.findLast(r => r.kind === 'meta')!
  assert.deepEqual(last.kind === 'meta' && last.meta.liveKeys, { s: 3 })
  const deleted = records.flatMap(r => (r.kind === 'delta' ? [...entriesOf(r.block)] : [])).filter(entry => entry.value === null)
  assert.equal(deleted.length, 1)
  lives.kill()
  await lives.begin(p)
  assert.equal([...lives.task(p).stores()[0]!.entries].length, 3, 'the next process does not find it again')
})

test('S5.2: whether a batch ends before or after a time to live, and wherever a process dies, the results are the same', async () => {
  const input = Array.from({ length: 60 }, (_, i) => e('abc'[i % 3]!, i * 9 + (i % 7) * 40))
  const told: string[][] = []
  for (const [records, killAt] of [
    [1, 1_000],
    [7, 13],
    [1_000, 31],
  ] as const) {
    const lives = new Lives({ snapshotBytes: 200 })
    const p = forgetful(records)
    await lives.begin(p)
    for (const [i, x] of input.entries()) {
      if (i === killAt) {
        lives.kill()
        await lives.begin(p)
      }
      await lives.push(events, x)
    }
    told.push((await lives.results(lines)).map(l => l.text))
  }
  assert.ok(told[0]!.filter(t => t.endsWith('1')).length > 3, 'something was forgotten on the way')
  assert.deepEqual(told[1], told[0])
  assert.deepEqual(told[2], told[0])
})
