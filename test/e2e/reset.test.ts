// `millrace reset`, `millrace plan --data`: what is stored, looked at and forgotten by real processes.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isCalm, Millrace, millrace, place } from './millrace.ts'

const at = place(after)
const file = join(at, 'invoices.csv')
const data = join(at, 'data')
const SQL = 'SELECT user_id, time, orders, revenue FROM order_aggregates ORDER BY user_id, time'

function invoices(): string {
  const lines = ['InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country']
  for (let i = 0; i < 400; i++) {
    const time = new Date(Date.UTC(2011, 0, 3, 8) + i * 41_000).toISOString().slice(0, 19).replace('T', ' ')
    lines.push(`${500_000 + i},P${i % 40},thing,${1 + (i % 9)},${time},${(i % 500) / 100},${12_000 + (i % 20)}.0,France`)
  }
  return `${lines.join('\n')}\n`
}

test('a reset processor computes everything again, and the tables are the same', { timeout: 300_000 }, async () => {
  writeFileSync(file, invoices())
  const run = ['run', 'orders', '--input', file, '--as', 'online-retail', '--data', data, '--partitions', '2']
  const first = await millrace([...run, '--drain'])
  assert.equal(first.code, 0, first.err)
  const query = ['query', SQL, '--format', 'csv', '--data', data]
  const rows = (await millrace(query)).out
  assert.ok(rows.split('\n').length > 100)

  const compared = await millrace(['plan', 'event-aggregator', '--data', data])
  assert.equal(compared.code, 0, compared.err)
  assert.match(compared.out, /is as stored/)

  const unsure = await millrace(['reset', 'event-aggregator', '--data', data])
  assert.equal(unsure.code, 2)
  assert.match(unsure.err, /needs --to earliest, --to latest, --to keep/)
  const asked = await millrace(['reset', 'event-aggregator', '--to', 'earliest', '--data', data])
  assert.equal(asked.code, 1, asked.err)
  assert.match(asked.out, /Nothing was changed/)

  const running = new Millrace(run)
  await running.said(/rows|ready|lag|live/i)
  const refused = await millrace(['reset', 'event-aggregator', '--to', 'earliest', '--yes', '--data', data])
  assert.notEqual(refused.code, 0)
  assert.match(refused.err, /DATA_DIR_IN_USE/)
  assert.ok(isCalm(refused.err))
  running.kill('SIGTERM')
  await running.ended

  for (const processor of ['event-aggregator', 'etl-processor']) {
    const done = await millrace(['reset', processor, '--to', 'earliest', '--yes', '--data', data])
    assert.equal(done.code, 0, done.err)
    assert.match(done.out, new RegExp(`^${processor} was reset:`))
  }
  const again = await millrace([...run, '--drain'])
  assert.equal(again.code, 0, again.err)
  assert.equal((await millrace(query)).out, rows)
})
