// `millrace start` as a newcomer meets it: results are there at once, other processes can look, Ctrl-C and kill -9 lose and double nothing.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { isCalm, Millrace, millrace, place, queried } from './millrace.ts'

const MINUTES = 60_000
const data = join(place(after), 'data')
const start = ['start', '--data', data, '--rate', '10']

/** Asks again until there is an answer that will do. */
async function eventually<T>(ask: () => Promise<T>, will: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (will(answer)) return answer
  }
}

interface LetterRow {
  readonly code: string
  readonly origin: { readonly offset: number }
}

/** Every event of the generator is in the tables once, or a dead letter once. @returns how many events there were */
async function assertNothingLostOrDoubled(): Promise<number> {
  const numbers = await queried(
    data,
    'SELECT substring(order_id FROM 3)::int AS n FROM orders UNION ALL SELECT substring(view_id FROM 3)::int FROM product_views ORDER BY 1',
  )
  const letters = await millrace(['dlq', 'ls', 'orders-generator', '--format', 'json', '--limit', '1000000', '--data', data])
  const refused = (JSON.parse(letters.out) as readonly LetterRow[]).map(l => l.origin.offset)
  const all = [...numbers.map(row => row['n'] as number), ...refused].sort((a, b) => a - b)
  const wrong = all.findIndex((n, i) => n !== i)
  assert.equal(wrong, -1, `event ${wrong} of ${all.length}: found ${all[wrong]}`)
  const [sums] = await queried(
    data,
    `SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(DISTINCT order_id) FROM orders) AS different,
      (SELECT sum(items) FROM orders) AS items, (SELECT count(*) FROM order_items) AS lines`,
  )
  assert.equal(sums!['orders'], sums!['different'])
  assert.equal(Number(sums!['items']), Number(sums!['lines']))
  return all.length
}

describe('millrace start', { timeout: 4 * MINUTES }, () => {
  test('the first start has results within its first minute, and every other command can look at it', async t => {
    const began = performance.now()
    const system = new Millrace([...start, '--http', '0'])
    t.after(() => system.kill('SIGKILL'))
    await system.said(/opening the tasks|live|catching up/)
    await eventually(
      () => queried(data, 'SELECT count(*) AS n FROM order_aggregates WHERE orders > 0'),
      ([row]) => Number(row!['n']) > 0,
    )
    t.diagnostic(`first results after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
    await system.said(/ live {2}/)

    const [alerts] = await eventually(
      () =>
        queried(
          data,
          "SELECT count(*) AS n, count(DISTINCT alert_id) AS different FROM trend_alerts WHERE severity IN ('HIGH', 'CRITICAL')",
        ),
      ([row]) => Number(row!['n']) > 0,
    )
    assert.equal(alerts!['n'], alerts!['different'])

    const csv = await millrace(['query', 'SELECT 1 AS a, NULL AS b', '--format', 'csv', '--data', data])
    assert.equal(csv.out, 'a,b\n1,\n')
    const state = await millrace(['state', 'event-aggregator', '--format', 'json', '--limit', '3', '--data', data])
    const { rows, total } = JSON.parse(state.out) as { rows: { window: { start: number; end: number } }[]; total: number }
    assert.equal(rows.length, 3)
    assert.ok(total > 3)
    assert.ok(rows.every(r => r.window.end - r.window.start === 300_000))
    for (const look of [['lag'], ['topics'], ['dlq', 'ls'], ['state', 'trend-detector']]) {
      const { code, out, err } = await millrace([...look, '--data', data])
      assert.equal(code, 0, err)
      assert.ok(out.split('\n').length > 3, out)
      assert.ok(isCalm(out) && err === '', err)
    }

    const [, port] = await system.said(/health and metrics on http:\/\/127[.]0[.]0[.]1:(\d+)/)
    const http = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
    assert.equal((await http('/health/live')).status, 200)
    await eventually(
      () => http('/health/ready'),
      answer => answer.status === 200,
    )
    assert.match(await (await http('/metrics')).text(), /^millrace_records_total\{processor="event-aggregator",partition="0"\} \d{2,}$/m)
    assert.equal((await http('/else')).status, 404)

    const second = await millrace(start)
    assert.equal(second.code, 1)
    assert.match(second.err, /^DATA_DIR_IN_USE: .*data is in use by process \d+; stop it or choose another directory\n$/)
    assert.equal(second.out, '')

    const control = join(data, 'control.json')
    assert.equal(statSync(control).mode & 0o777, 0o600)
    system.kill('SIGINT')
    const { code, out } = await system.ended
    assert.equal(code, 0)
    assert.ok(isCalm(out), out)
    assert.match(
      out,
      /^\d\d:\d\d:\d\d {2}live {2}[\d.,]+\/s {2}lag [\d,]+ {2}stream time \d\d:\d\d:\d\d {2}open windows [\d,]+ {2}late [\d,]+ {2}dead letters [\d,]+/m,
    )
    assert.match(out, /stopped, after it ran for .*; everything is kept in .*data, `millrace start --data .*data` goes on from there\n$/)
    assert.ok(!existsSync(control))
  })

  test('what was stopped by Ctrl-C holds every event of two hours, once', async () => {
    const events = await assertNothingLostOrDoubled()
    assert.ok(events > 30_000, String(events))
  })

  test('kill -9 at random moments and a last start lose and double nothing', async t => {
    const before = JSON.parse(readFileSync(join(data, 'millrace.json'), 'utf8')) as { generatorStartAt: number }
    for (const afterMs of [600, 1_500, 3_000]) {
      const system = new Millrace(start)
      await new Promise(resolve => setTimeout(resolve, afterMs * (0.5 + Math.random())))
      system.kill('SIGKILL')
      assert.equal((await system.ended).signal, 'SIGKILL')
    }
    // The address of the killed process is still there: whoever asks is not misled by it.
    const [{ n }] = (await queried(data, 'SELECT count(*) AS n FROM orders')) as [{ n: number }]
    assert.ok(n > 0)
    const system = new Millrace(start)
    t.after(() => system.kill('SIGKILL'))
    await system.said(/ live {2}/)
    await eventually(
      () => millrace(['lag', '--format', 'json', '--data', data]),
      ({ out }) => (JSON.parse(out) as readonly { lag: number }[]).every(r => r.lag < 50),
    )
    system.kill('SIGTERM')
    assert.equal((await system.ended).code, 0)
    await assertNothingLostOrDoubled()
    assert.equal((JSON.parse(readFileSync(join(data, 'millrace.json'), 'utf8')) as typeof before).generatorStartAt, before.generatorStartAt)
  })

  test('Ctrl-C while everything is still being made ends well, and so does the start after it', async () => {
    const early = ['start', '--data', join(dirname(data), 'early'), '--rate', '1']
    const first = new Millrace(early)
    await first.said(/opening the t/)
    first.kill('SIGINT')
    const { code, out, err } = await first.ended
    assert.equal(code, 0)
    assert.match(out + err, /^stopped(, after .*| before everything was closed); (nothing is lost|everything is kept)/m)
    const second = new Millrace(early)
    await second.said(/ live {2}/)
    second.kill('SIGTERM')
    assert.equal((await second.ended).code, 0)
  })

  test('a second Ctrl-C, a moment after the first, ends it at once', async () => {
    const system = new Millrace([...start, '--no-status'])
    await eventually(
      async () => existsSync(join(data, 'control.json')),
      there => there,
    )
    system.kill('SIGINT')
    await new Promise(resolve => setTimeout(resolve, 500))
    system.kill('SIGINT') // too late when the first has done its work already: then it ends with 0, or by the signal itself
    const { code, signal } = await system.ended
    assert.ok(code === 130 || code === 0 || signal === 'SIGINT', `${code} ${signal}`)
  })
})
