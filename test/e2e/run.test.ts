// `millrace run orders --input …`: real rows through everything, compared with a calculation that shares no code with it.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { expectedOf, productRows, userRows } from '../oracle/online-retail.ts'
import { isCalm, Millrace, millrace, place } from './millrace.ts'

const MINUTES = 60_000
const at = place(after)
const files = [join(at, 'first.csv'), join(at, 'second.csv.gz')]

/** Invoices of a made-up shop: some cancelled, some refused, some numbers that come again; several users and products. */
function invoices(from: number, count: number): string {
  const lines = ['InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country']
  for (let i = from; i < from + count; i++) {
    const kind = i % 29 === 0 ? 'cancelled' : i % 31 === 0 ? 'refused' : 'order'
    const number = `${kind === 'cancelled' ? 'C' : ''}${i % 97 === 0 ? 500_000 + i - 40 : 500_000 + i}`
    const time = new Date(Date.UTC(2011, 0, 3, 8) + i * 41_000).toISOString().slice(0, 19).replace('T', ' ')
    for (let line = 0; line <= i % 5; line++) {
      const quantity = kind === 'refused' && line === 0 ? 0 : kind === 'cancelled' ? -1 : 1 + ((i * 7 + line) % 12)
      const price = ((i * 13 + line * 101) % 2_000) / 100
      const customer = i % 7 === 0 ? '' : `${12_000 + (i % 50)}.0`
      lines.push(`${number},P${(i * 3 + line) % 40},"a ""thing"", nice",${quantity},${time},${price},${customer},United Kingdom`)
    }
  }
  return `${lines.join('\n')}\n`
}

const command = (data: string, ...more: readonly string[]): readonly string[] => [
  'run',
  'orders',
  '--input',
  ...files,
  '--as',
  'online-retail',
  '--drain',
  '--data',
  data,
  ...more,
]

const ISO = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const USERS = `SELECT user_id, ${ISO('time')}, ${ISO('window_end')}, orders, items, units, revenue, average, largest, smallest, revision FROM order_aggregates`
const PRODUCTS = `SELECT product_id, ${ISO('time')}, ${ISO('window_end')}, orders, units, revenue, buyers, revision FROM product_aggregates`

async function rows(data: string, sql: string): Promise<readonly string[]> {
  const { code, out, err } = await millrace(['query', sql, '--format', 'csv', '--data', data])
  assert.equal(code, 0, err)
  return out.trimEnd().split('\n').slice(1).sort()
}

/** Every table of the system, and the dead letters, in one text. */
async function everything(data: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables: Record<string, readonly string[]> = {}
  for (const table of ['orders', 'order_items', 'order_aggregates', 'product_aggregates', 'trend_alerts'])
    tables[table] = await rows(data, `SELECT * FROM ${table}`)
  const letters = await millrace(['dlq', 'ls', '--format', 'json', '--limit', '100000', '--data', data])
  return { ...tables, letters: letters.out.split('\n') }
}

describe('millrace run', { timeout: 5 * MINUTES }, () => {
  const calm = join(at, 'calm')
  before(() => {
    writeFileSync(files[0]!, invoices(1, 3_000))
    writeFileSync(files[1]!, gzipSync(invoices(3_001, 3_000)))
  })

  test('files go through everything; summary and tables equal an independent calculation', async () => {
    const want = expectedOf(files)
    assert.ok(want.cancelled > 50 && want.refused > 50 && want.users.size > 1_000)
    const { code, out, err } = await millrace(command(calm, '--partitions', '2'))
    assert.equal(code, 0, err)
    const number = (n: number): string => n.toLocaleString('en-US')
    const value = (what: string): string | undefined => new RegExp(`^ {2}${what} +([\\d,.]+)`, 'm').exec(out)?.[1]
    assert.deepEqual(
      ['rows read', 'orders', 'cancelled', 'dead letters', 'user windows', 'product windows', 'revenue'].map(value),
      [want.rows, want.orders, want.cancelled, want.refused, want.users.size, want.products.size]
        .map(number)
        .concat(`${number(Number(want.revenue / 10_000n))}.${String(want.revenue % 10_000n).padStart(4, '0')}`),
    )
    assert.ok(isCalm(out), out)
    assert.match(out, /^100 % {2}[\d,]+ rows {2}all read/m, 'progress is told in lines where there is no terminal')
    assert.deepEqual(await rows(calm, USERS), userRows(want))
    assert.deepEqual(await rows(calm, PRODUCTS), productRows(want))
  })

  test('the same files and directory again do nothing twice', async () => {
    const first = await everything(calm)
    const { code, out, err } = await millrace(command(calm))
    assert.equal(code, 0, err)
    assert.match(out, /nothing new: all of it was read before, and nothing was done twice\n$/)
    assert.deepEqual(await everything(calm), first)
  })

  test('state, dead letters and lag can be looked at when nothing runs', async () => {
    const letters = JSON.parse((await millrace(['dlq', 'ls', '--format', 'json', '--limit', '1000', '--data', calm])).out) as readonly {
      id: string
      code: string
      replay: string
    }[]
    assert.equal(letters.length, expectedOf(files).refused)
    assert.deepEqual([...new Set(letters.map(l => `${l.code} ${l.replay}`))], ['ORDER_INVALID impossible'])
    const shown = await millrace(['dlq', 'show', letters[0]!.id, '--data', calm])
    assert.match(shown.out, /^value +json\n {2}\{\n {4}"InvoiceNo": "5\d+",/m)
    const replayed = await millrace(['dlq', 'replay', letters[0]!.id, '--data', calm])
    assert.equal(replayed.code, 1)
    assert.match(replayed.out, /^nothing was sent again\nkept .*: it came from the feed 'online-retail', not from a topic/)
    const lag = JSON.parse((await millrace(['lag', '--format', 'json', '--data', calm])).out) as readonly {
      processor: string
      lag: number
    }[]
    assert.deepEqual([...new Set(lag.map(r => r.processor))], ['event-aggregator', 'trend-detector', 'etl-processor'])
    assert.ok(lag.every(r => r.lag === 0))
    const state = await millrace(['state', 'trend-detector', '--limit', '5', '--data', calm])
    assert.match(state.out, /\(5 of \d+ entries; --limit shows more, --key one key\)\n$/)
    assert.equal(
      (await millrace(['state', 'event-aggregator', '--data', calm])).out,
      'event-aggregator remembers nothing now: no window is open and no state is kept\n',
    )
  })

  test('kill -9 at random moments, then the same command: the tables of an undisturbed run', async t => {
    const killed = join(at, 'killed')
    const kills: string[] = []
    for (let i = 0; i < 8; i++) {
      const run = new Millrace(command(killed, '--partitions', '2'))
      // The first ones while the database is made, the others while records go through.
      const afterMs = i < 2 ? 500 + Math.random() * 4_000 : 400 + Math.random() * 1_600
      const timer = setTimeout(() => run.kill('SIGKILL'), afterMs)
      const { signal, code, err } = await run.ended
      clearTimeout(timer)
      kills.push(signal === null ? 'ended' : `${Math.round(afterMs)} ms`)
      if (signal === null) assert.equal(code, 0, err)
    }
    t.diagnostic(`killed after ${kills.join(', ')}`)
    const { code, err } = await millrace(command(killed))
    assert.equal(code, 0, err)
    assert.deepEqual(await everything(killed), await everything(calm))
  })

  test('a run that is interrupted says so by its exit code, and goes on from there', async () => {
    const data = join(at, 'interrupted')
    const run = new Millrace(command(data, '--partitions', '2'))
    await run.said(/opening the tables|rows/)
    run.kill('SIGINT')
    const { code, out, err } = await run.ended
    assert.equal(code, 130)
    // Where a database that is being made keeps it from closing in time, it says so on stderr instead, behind the log's lines.
    const last = out.endsWith('goes on from there\n') ? out : err
    assert.match(last, /^stopped(, after .*| before everything was closed); nothing is lost: .*\n(?![^])/m)
    assert.equal((await millrace(command(data))).code, 0)
    assert.deepEqual(await rows(data, USERS), await rows(calm, USERS))
  })
})
