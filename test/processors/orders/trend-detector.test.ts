import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decimal, isMillraceError, seconds } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type TrendOptions, trendDetector, trendDetectorWith } from '#processors/orders/trend-detector.ts'
import type { ProductAggregate } from '#schemas/orders/product-aggregate.generated.ts'
import type { TrendAlert } from '#schemas/orders/trend-alert.generated.ts'
import { productAggregates, productViews, trendAlerts } from '#schemas/orders/topics.ts'
import { at, shown, viewed } from './sample-events.ts'

const minute = (i: number): string => `12:${String(i).padStart(2, '0')}:00`
/** So many views of a pen in each minute from noon on. */
async function alertsOnViews(perMinute: readonly number[], options?: TrendOptions): Promise<readonly TrendAlert[]> {
  const driven = await drive(options === undefined ? trendDetector : trendDetectorWith(options))
  await driven.push(productViews, ...perMinute.flatMap((n, i) => viewed('pen', minute(i), n)))
  await driven.drain()
  const alerts = await driven.results(trendAlerts)
  await driven.stop()
  return alerts
}
const window = (product_id: string, i: number, revenue: number, units: number, revision = 1): ProductAggregate => {
  const window_start = at('12:00:00') + i * 300_000
  return {
    product_id,
    window_start,
    window_end: window_start + 300_000,
    orders: 1,
    units,
    revenue: decimal(revenue, 4),
    buyers: 1,
    revision,
  }
}
async function alertsOnRevenue(...windows: readonly ProductAggregate[]): Promise<readonly TrendAlert[]> {
  const driven = await drive(trendDetector)
  await driven.push(productAggregates, ...windows)
  await driven.drain()
  const alerts = await driven.results(trendAlerts)
  await driven.stop()
  return alerts
}
const brief = (alerts: readonly TrendAlert[]): unknown =>
  alerts.map(a => [shown(a)['window_start'], a.severity, a.current, Number(a.baseline.toFixed(9))])

test('the first three minutes of a product give no alert, whatever they hold; minutes without views count among them', async () => {
  assert.deepEqual(brief(await alertsOnViews([1, 100, 500])), [])
  assert.deepEqual(brief(await alertsOnViews([10, 0, 100])), [])
  assert.deepEqual(brief(await alertsOnViews([10, 0, 0, 100])), [['12:03:00', 'CRITICAL', 100, 4.9]])
})
test('a minute without views counts as zero: the baseline has decayed by 0.7 for each', async () => {
  assert.deepEqual(brief(await alertsOnViews([10, 10, 10, 10, 0, 0, 0, 8])), [['12:07:00', 'HIGH', 8, 3.43]])
  assert.deepEqual(brief(await alertsOnViews([10, 10, 10, 10, 0, 0, 0, 0, 0, 8])), [['12:09:00', 'HIGH', 8, 1.6807]])
})
test('under five views there is no alert, but the baseline follows', async () => {
  assert.deepEqual(brief(await alertsOnViews([1, 1, 1, 4, 5])), [['12:04:00', 'HIGH', 5, 1.9]])
})
test('every product has a baseline of its own', async () => {
  const driven = await drive(trendDetector, { partitions: 3 })
  for (let i = 0; i < 4; i++) {
    await driven.push(productViews, ...viewed('pen', minute(i), 10), ...viewed('ink', minute(i), i < 3 ? 10 : 30))
  }
  await driven.drain()
  assert.deepEqual(
    (await driven.results(trendAlerts)).map(a => [a.product_id, a.current]),
    [['ink', 30]],
  )
  await driven.stop()
})
test('views that come after their minute and its grace are counted as late and change nothing', async () => {
  const driven = await drive(trendDetector)
  for (let i = 0; i < 3; i++) await driven.push(productViews, ...viewed('pen', minute(i), 10))
  await driven.push(productViews, ...viewed('pen', '12:03:30', 10), ...viewed('pen', minute(1), 100), ...viewed('ink', '12:04:30'))
  await driven.drain()
  assert.deepEqual(await driven.results(trendAlerts), [])
  assert.equal(driven.late.length, 100)
  assert.equal(driven.late[0]!.window, 'views')
  await driven.stop()
})
test('sales after giveaways, or after so long that nothing is left of the baseline: CRITICAL, without a ratio', async () => {
  const free = [0, 1, 2].map(i => window('pen', i, 0, 5))
  const [alert] = await alertsOnRevenue(...free, window('pen', 3, 1, 5))
  assert.deepEqual([alert!.severity, alert!.baseline, alert!.ratio], ['CRITICAL', 0, null])
  const [late] = await alertsOnRevenue(window('ink', 0, 10, 5), window('ink', 10_000, 10, 5))
  assert.deepEqual([late!.severity, late!.ratio], ['CRITICAL', null])
})
test('all numbers can be others', async () => {
  const options = { alpha: 0.5, high: 1.5, critical: 3, warmUp: 1, fewestViews: 1, every: seconds(30), grace: seconds(0) }
  const driven = await drive(trendDetectorWith({ ...options, fewestUnits: 2 }))
  const half = (i: number): string => new Date(at('12:00:00') + i * 30_000).toISOString().slice(11, 19)
  await driven.push(productViews, ...[2, 4, 4, 13].flatMap((n, i) => viewed('pen', half(i), n)))
  await driven.push(productAggregates, window('ink', 0, 10, 9), window('ink', 1, 100, 1), window('ink', 2, 100, 2))
  await driven.drain()
  assert.deepEqual((await driven.results(trendAlerts)).map(a => [a.metric, a.severity, a.current, a.baseline]).toSorted(), [
    ['revenue', 'HIGH', 100, 55],
    ['views', 'CRITICAL', 13, 3.5],
    ['views', 'HIGH', 4, 2],
  ])
  await driven.stop()
})
test('a product that is forgotten begins anew', async () => {
  const driven = await drive(trendDetectorWith({ forgetAfter: seconds(600) }))
  await driven.push(productAggregates, ...[0, 1, 2].map(i => window('pen', i, 10, 5)))
  await driven.advance(seconds(599)) // results carry their time as the record's
  await driven.push(productAggregates, window('pen', 3, 25, 5))
  assert.equal((await driven.results(trendAlerts)).length, 1)
  await driven.advance(seconds(601))
  await driven.push(productAggregates, window('pen', 4, 500, 5))
  assert.equal((await driven.results(trendAlerts)).length, 1)
  await driven.stop()
})
test('options out of their range are refused when the processor is written', () => {
  for (const options of [
    { alpha: 0 },
    { alpha: 1.1 },
    { high: 0 },
    { critical: 1 },
    { warmUp: -1 },
    { warmUp: 1.5 },
    { fewestViews: -1 },
    { fewestUnits: NaN },
  ])
    assert.throws(
      () => trendDetectorWith(options),
      (error: unknown) => isMillraceError(error) && error.code === 'PLAN_INVALID',
    )
})
