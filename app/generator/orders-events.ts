// What happens in the made-up shop: orders and product views as the gateway takes them. Event n is a function of (seed, rate, n, where its series begins).
import type { EventOf, GeneratedEvent, Series } from '#lib/adapters/generator/generator-feed.ts'
import { MillraceError } from '#lib/model/errors.ts'
import { dailyRhythm } from './daily-rhythm.ts'
import { Draws } from './draws.ts'
import { type Shop, shopOf, type User } from './shop.ts'
import { isBought, isViewed, type Trend, trendAt } from './trends.ts'

export interface OrdersEventsOptions {
  /** A whole number, 0 … 2^32 − 1. Default 1. */
  readonly seed?: number
  /** Mean events per second over a day, 0.01 … 100,000. Default 10. */
  readonly perSecond?: number
}
export interface OrdersEvents {
  /** For the feed's mark: another text, another series. */
  readonly settings: string
  readonly events: (series: Series) => EventOf
}

/** Raise it when the same options make other events. */
const VERSION = 1
const PURPOSE = 4
const PER_MILLION = {
  orders: 150_000,
  invalid: 1_000,
  late: 100_000,
  veryLate: 10_000,
  inSession: 750_000,
  ordersOfTheTrend: 400_000,
} as const
/** Of a hundred orders, so many have at most 1, 2, 3, 4, 5 items. */
const ITEMS_UP_TO = [45, 70, 85, 95, 100] as const
const SESSION = 30 * 60_000
/** One price list for all countries, so that revenue adds up. */
const CURRENCY = 'EUR'

/**
 * Events of a shop with 500 products and 2,000 users: 15 % orders, 85 % views, more in the evening than at night. 10 % say a time up to 20 s before they arrive,
 * 1 % up to 2 minutes; 0.1 % cannot be processed; about every quarter of an hour a product is viewed 5 to 12 times as often as usual.
 * @throws OPTION_INVALID
 */
export function ordersEvents(options: OrdersEventsOptions = {}): OrdersEvents {
  const { seed = 1, perSecond = 10 } = options
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new MillraceError('OPTION_INVALID', `seed ${seed}: a whole number from 0 to 4294967295`)
  if (!(perSecond >= 0.01 && perSecond <= 100_000))
    throw new MillraceError('OPTION_INVALID', `${perSecond} events per second: a number from 0.01 to 100000`)
  const shop = shopOf(seed)
  const rhythm = dailyRhythm(perSecond)
  return {
    settings: `orders/${VERSION} seed=${seed} perSecond=${perSecond}`,
    events({ first, startAt }) {
      const begin = rhythm.firstFrom(startAt)
      return n => {
        const k = begin + (n - first)
        const slot = rhythm.timeOf(k)
        const draws = new Draws(seed, PURPOSE, n)
        const at = slot + draws.below(Math.max(rhythm.timeOf(k + 1) - slot, 1))
        return eventOf(seed, shop, draws, n, at)
      }
    },
  }
}

function eventOf(seed: number, shop: Shop, draws: Draws, n: number, at: number): GeneratedEvent {
  const trend = trendAt(seed, shop, at)
  const time = at - lateness(draws)
  const valid = !draws.perMillion(PER_MILLION.invalid)
  const user = shop.someUser(draws)
  const value = draws.perMillion(PER_MILLION.orders)
    ? order(shop, trend, draws, n, at, time, user, valid)
    : view(shop, trend, draws, n, at, time, user, valid)
  return { at, value }
}

/** ms by which an event says an earlier time than it arrives at. */
function lateness(draws: Draws): number {
  const part = draws.below(1_000_000)
  if (part < PER_MILLION.veryLate) return draws.between(20_001, 120_000)
  return part < PER_MILLION.veryLate + PER_MILLION.late ? draws.between(1, 20_000) : 0
}

function view(shop: Shop, trend: Trend, draws: Draws, n: number, at: number, time: number, user: User, valid: boolean): string {
  const usual = shop.someProduct(draws)
  const product = draws.perMillion(trend.share) && isViewed(trend, at) ? shop.products[trend.product]! : usual
  const session = draws.perMillion(PER_MILLION.inSession) ? `"S-${user.id.slice(2)}-${Math.floor(at / SESSION)}"` : 'null'
  const what = valid ? `"product_id":"${product.id}",` : ''
  return `{"kind":"view","view_id":"V-${n}","user_id":"${user.id}",${what}"session_id":${session},"event_time":${time}}`
}

function order(shop: Shop, trend: Trend, draws: Draws, n: number, at: number, time: number, user: User, valid: boolean): string {
  const size = draws.below(100)
  const flaw = valid ? 'none' : (['quantity 0', 'negative price', 'no user'] as const)[draws.below(3)]!
  const items: string[] = []
  for (let i = 0; i === 0 || size >= ITEMS_UP_TO[i - 1]!; i++) {
    const trendy = i === 0 && draws.perMillion(PER_MILLION.ordersOfTheTrend) && isBought(trend, at)
    const product = trendy ? shop.products[trend.product]! : shop.someProduct(draws)
    const quantity = i === 0 && flaw === 'quantity 0' ? 0 : 1 + Math.min(draws.below(6), draws.below(6))
    const sign = i === 0 && flaw === 'negative price' ? '-' : ''
    items.push(`{"product_id":"${product.id}","quantity":${quantity},"price":${sign}${product.price}}`)
  }
  const who = flaw === 'no user' ? '' : `"user_id":"${user.id}",`
  const about = `"currency":"${CURRENCY}","country":"${user.country}","channel":"${user.channel}","event_time":${time}`
  return `{"kind":"order","order_id":"O-${n}",${who}${about},"items":[${items.join(',')}]}`
}
