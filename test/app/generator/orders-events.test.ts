import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { ordersEvents } from '../../../app/generator/orders-events.ts'
import { shopOf } from '../../../app/generator/shop.ts'
import { isViewed, trendAt } from '../../../app/generator/trends.ts'
import { openGeneratorFeed } from '#lib/adapters/generator/generator-feed.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { feedConformance } from '#lib/testing/conformance/feed.ts'
import { setClock } from '../../adapters/generator/set-clock.ts'
import { alertsOf } from './trend-detector-sketch.ts'

const NOON = Date.UTC(2025, 2, 12, 12)
const HOUR = 3_600_000
/** SHA-256 of two hours of events by VERSION 1: a position in them must mean the same after an update. */
const PINNED = 'cc9fdb0e582454ffdb6d17c50fe56a436509e0d5de8682c5b8f71327ea60b46d'

interface Item {
  readonly product_id: string
  readonly quantity: number
  readonly price: number
}
interface Event {
  readonly kind: 'order' | 'view'
  readonly order_id?: string
  readonly view_id?: string
  readonly user_id?: string
  readonly product_id?: string
  readonly session_id?: string | null
  readonly currency?: string
  readonly country?: string
  readonly channel?: string
  readonly event_time: number
  readonly items?: readonly Item[]
}
interface Made {
  readonly at: number
  readonly text: string
  readonly event: Event
}

/** Everything from `startAt` on for `ms`. */
function made(startAt: number, ms: number, options: Parameters<typeof ordersEvents>[0] = {}): Made[] {
  const eventOf = ordersEvents(options).events({ first: 0, startAt })
  const all: Made[] = []
  for (let n = 0; ; n++) {
    const { at, value } = eventOf(n)
    if (at >= startAt + ms) return all
    all.push({ at, text: value as string, event: JSON.parse(value as string) as Event })
  }
}
const isValid = ({ event }: Made): boolean =>
  event.user_id !== undefined &&
  (event.kind === 'view' ? event.product_id !== undefined : event.items!.every(i => i.quantity > 0 && i.price > 0))
const TWO_HOURS = made(NOON, 2 * HOUR)
const VALID = TWO_HOURS.filter(isValid)
const share = (part: number, whole: number): number => part / whole

feedConformance('generator of the orders system', 'unbounded', async () => {
  const clock = setClock(NOON + 2_000)
  const open = () => openGeneratorFeed({ name: 'shop', clock, startAt: NOON, ...ordersEvents() })
  return { feed: open(), reopen: async () => open(), more: () => clock.pass(1_000), dispose: async () => {} }
})

describe('event n is a function of seed, rate, n and the series alone', () => {
  test('asked in any order, it is the same', () => {
    const { events } = ordersEvents()
    const eventOf = events({ first: 0, startAt: NOON })
    for (const n of [50_000, 3, 71_999, 0, 1]) {
      const { at, value } = eventOf(n)
      assert.deepEqual([at, value], [TWO_HOURS[n]!.at, TWO_HOURS[n]!.text])
    }
  })
  test('it is the same on every machine and in every version, or VERSION must be raised', () => {
    const digest = createHash('sha256')
    for (const { at, text } of TWO_HOURS) digest.update(`${at} ${text}\n`)
    assert.equal(digest.digest('hex'), PINNED)
  })
  test('a series that begins later goes on with its numbers', () => {
    const later = ordersEvents().events({ first: 1_000, startAt: NOON })
    assert.equal(later(1_000).at - (later(1_000).at % 100), NOON)
    assert.match(later(1_000).value as string, /"(O|V)-1000"/)
  })
  test('another seed makes other events, another seed or rate other settings', () => {
    assert.notEqual(made(NOON, 1_000, { seed: 2 })[0]!.text, TWO_HOURS[0]!.text)
    assert.equal(new Set([ordersEvents(), ordersEvents({ seed: 2 }), ordersEvents({ perSecond: 20 })].map(o => o.settings)).size, 3)
  })
  test('seeds and rates that mean nothing are OPTION_INVALID', () => {
    for (const bad of [{ seed: -1 }, { seed: 1.5 }, { seed: 2 ** 32 }, { perSecond: 0 }, { perSecond: NaN }, { perSecond: 1e6 }])
      assert.throws(
        () => ordersEvents(bad),
        e => isMillraceError(e) && e.code === 'OPTION_INVALID',
      )
  })
})

describe('the shop is as a shop could be', () => {
  test('about ten events a second over a day, fewer at night; times of arrival never go back', () => {
    const hours = Array.from({ length: 24 }, (_, h) => made(Date.UTC(2025, 2, 12, h), HOUR / 60).length)
    const sum = hours.reduce((a, b) => a + b, 0)
    assert.ok(Math.abs(sum / 24 / 60 - 10) < 0.05, `${sum / 24 / 60} a second`)
    assert.ok(hours[3]! < 0.7 * hours[12]! && hours[19]! > hours[12]!)
    for (let i = 1; i < TWO_HOURS.length; i++) assert.ok(TWO_HOURS[i]!.at >= TWO_HOURS[i - 1]!.at)
    assert.ok(TWO_HOURS.length > 72_000)
  })
  test('events lie evenly over the bounds of hours and days, at any rate', () => {
    for (const perSecond of [0.5, 10, 333.3]) {
      const eventOf = ordersEvents({ perSecond }).events({ first: 0, startAt: Date.UTC(2025, 2, 12, 23, 59, 50) })
      for (let n = 1; n < 20 * perSecond; n++) {
        const gap = eventOf(n).at - eventOf(n - 1).at
        assert.ok(gap >= 0 && gap <= (2 * 1_000) / (perSecond * 0.6), `${gap} ms at ${perSecond} a second`)
      }
    }
  })
  test('orders and views have exactly the fields of the gateway', () => {
    const ids = new Set<string>()
    const prices = new Map<string, number>()
    for (const { event } of VALID) {
      if (event.kind === 'view') {
        assert.deepEqual(Object.keys(event), ['kind', 'view_id', 'user_id', 'product_id', 'session_id', 'event_time'])
        ids.add(event.view_id!)
        continue
      }
      assert.deepEqual(Object.keys(event), ['kind', 'order_id', 'user_id', 'currency', 'country', 'channel', 'event_time', 'items'])
      ids.add(event.order_id!)
      assert.match(`${event.currency} ${event.country} ${event.channel}`, /^EUR [A-Z]{2} (web|app|store)$/)
      assert.ok(event.items!.length >= 1 && event.items!.length <= 5)
      for (const { product_id, quantity, price } of event.items!) {
        assert.ok(Number.isInteger(quantity) && quantity >= 1 && quantity <= 6)
        assert.equal(price, Number(price.toFixed(2)))
        assert.equal(prices.get(product_id) ?? price, price, 'a product has one price')
        prices.set(product_id, price)
      }
    }
    assert.equal(ids.size, VALID.length, 'ids are unique')
    assert.match(TWO_HOURS.find(m => m.event.kind === 'order')!.text, /"price":\d+\.\d\d[,}]/)
  })
  test('15 % orders; 500 products of which 16 get three quarters of the views; 2,000 users, each in one country', () => {
    assert.ok(Math.abs(share(TWO_HOURS.filter(m => m.event.kind === 'order').length, TWO_HOURS.length) - 0.15) < 0.01)
    const views = new Map<string, number>()
    const users = new Map<string, Set<string>>()
    for (const { event } of VALID) {
      if (event.kind === 'view') views.set(event.product_id!, (views.get(event.product_id!) ?? 0) + 1)
      else users.set(event.user_id!, (users.get(event.user_id!) ?? new Set()).add(event.country!))
    }
    const counts = [...views.values()].sort((a, b) => b - a)
    assert.equal(counts.length, 500)
    const hot = share(
      counts.slice(0, 16).reduce((a, b) => a + b),
      counts.reduce((a, b) => a + b),
    )
    assert.ok(hot > 0.7 && hot < 0.85, String(hot))
    assert.ok(users.size > 1_500 && users.size <= 2_000, String(users.size))
    for (const countries of users.values()) assert.equal(countries.size, 1)
  })
  test('a tenth of the events say up to 20 s before they arrive, a hundredth up to two minutes, the others nothing', () => {
    const late = TWO_HOURS.map(m => m.at - m.event.event_time)
    assert.ok(late.every(ms => ms >= 0 && ms <= 120_000))
    assert.ok(Math.abs(share(late.filter(ms => ms > 0 && ms <= 20_000).length, late.length) - 0.1) < 0.01)
    assert.ok(Math.abs(share(late.filter(ms => ms > 20_000).length, late.length) - 0.01) < 0.003)
    assert.ok(late.filter(ms => ms > 30_000 + 60_000).length > 50, 'some are late for a minute with a grace of 30 s')
  })
  test('about one event in a thousand cannot be processed, in four ways', () => {
    const invalid = TWO_HOURS.filter(m => !isValid(m))
    assert.ok(Math.abs(share(invalid.length, TWO_HOURS.length) - 0.001) < 0.0005, String(invalid.length))
    const flaws = new Set(
      invalid.map(({ event }) =>
        event.kind === 'view'
          ? 'no product'
          : event.user_id === undefined
            ? 'no user'
            : event.items!.some(i => i.quantity === 0)
              ? 'quantity 0'
              : 'negative price',
      ),
    )
    assert.deepEqual([...flaws].sort(), ['negative price', 'no product', 'no user', 'quantity 0'])
  })
})

describe('trends', () => {
  const views = VALID.flatMap(({ event }) => (event.kind === 'view' ? [[event.product_id!, event.event_time] as const] : []))

  test('in every quarter of an hour one product has a burst of two to three minutes that lies within it', () => {
    const shop = shopOf(1)
    for (let quarter = 0; quarter < 96; quarter++) {
      const from = NOON + quarter * 900_000
      const trend = trendAt(1, shop, from)
      assert.ok(trend.start >= from && trend.end <= from + 900_000)
      assert.ok(trend.end - trend.start >= 120_000 && trend.end - trend.start <= 180_000)
      assert.ok(trend.factor >= 5 && trend.factor <= 12)
      assert.deepEqual(trendAt(1, shop, from + 899_999), trend)
    }
  })
  test('a product in a trend is viewed as many times more as the trend says', () => {
    const shop = shopOf(1)
    let wanted = 0
    let found = 0
    for (let quarter = 0; quarter < 8; quarter++) {
      const trend = trendAt(1, shop, NOON + quarter * 900_000)
      const { id, weight } = shop.products[trend.product]!
      const during = TWO_HOURS.filter(m => m.event.kind === 'view' && isViewed(trend, m.at))
      wanted += (during.length * weight * trend.factor) / shop.popularity
      found += during.filter(m => m.event.product_id === id).length
    }
    assert.ok(Math.abs(found / wanted - 1) < 0.1, `${found} for ${wanted}`)
  })
  test('every hour of a backfill has alerts, each of its trends raises one, and chance alone does not raise many', () => {
    const shop = shopOf(1)
    const alerts = alertsOf(views)
    for (const hour of [0, 1]) assert.ok(alerts.filter(a => Math.floor((a.time - NOON) / HOUR) === hour).length >= 4)
    const ofTrends = new Set<number>()
    for (let quarter = 0; quarter < 8; quarter++) {
      const trend = trendAt(1, shop, NOON + quarter * 900_000)
      alerts.forEach((a, i) => {
        if (a.product === shop.products[trend.product]!.id && a.time > trend.start - 60_000 && a.time < trend.end)
          ofTrends.add(i).add(-1 - quarter)
      })
    }
    for (let quarter = 0; quarter < 8; quarter++) assert.ok(ofTrends.has(-1 - quarter), `the trend of quarter ${quarter} raised nothing`)
    const byChance = alerts.filter((_, i) => !ofTrends.has(i))
    assert.ok(byChance.length <= 16, `${byChance.length} of ${alerts.length} alerts by chance`)
    assert.ok(alerts.some(a => a.severity === 'CRITICAL') && alerts.some(a => a.severity === 'HIGH'))
  })
  test('alerts appear in every hour of the day and whatever the seed', () => {
    for (const [seed, hour] of [
      [1, 3],
      [2, 19],
      [3, 8],
      [4, 23],
    ] as const) {
      const from = Date.UTC(2025, 6, 1, hour)
      const some = made(from, HOUR, { seed }).flatMap(({ event: e }) =>
        e.kind === 'view' && e.product_id !== undefined ? [[e.product_id, e.event_time] as const] : [],
      )
      assert.ok(alertsOf(some).length >= 3, `seed ${seed}, ${hour}:00`)
    }
  })
  test('about half of the trends are bought, too', () => {
    const shop = shopOf(1)
    const followed = Array.from({ length: 400 }, (_, q) => trendAt(1, shop, q * 900_000)).filter(t => t.orders === 'follow').length
    assert.ok(followed > 150 && followed < 250)
    const quarter = Array.from({ length: 8 }, (_, q) => trendAt(1, shop, NOON + q * 900_000)).find(t => t.orders === 'follow')!
    const { id } = shop.products[quarter.product]!
    const bought = (from: number, to: number): number => {
      const orders = TWO_HOURS.filter(m => m.event.kind === 'order' && m.at >= from && m.at < to)
      return share(orders.filter(m => m.event.items![0]!.product_id === id).length, orders.length)
    }
    assert.ok(bought(quarter.start, quarter.end + 240_000) > 2 * bought(NOON, NOON + 2 * HOUR))
  })
})
