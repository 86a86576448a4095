// A loader computes a batch again for every row that the database refuses: what was told and counted of it the first time is not told again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, insertOnly, millis, processor, table, text } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { e, events } from '../semantics/jobs.ts'

const keys = table('keys', { columns: { k: text }, key: ['k'] })

test('S6.4: records whose rows a database refuses count once for the breaker, however often their batch is computed again', async () => {
  const p = processor('loading', from(events).to(insertOnly(keys, x => ({ k: x.k }), { duplicate: 'dead-letter' })))
  const driven = await drive(p)
  const [fresh, again] = [Array.from({ length: 10 }, (_, i) => e(`k${i}`, i)), Array.from({ length: 12 }, (_, i) => e('k0', i))]
  await driven.push(events, ...fresh, ...again)
  await driven.advance(millis(2_000))
  assert.equal(driven.rows(keys).length, 10)
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.offset),
    again.map((_, i) => 10 + i),
    '12 of 22 are too few for a storm',
  )
})
