// Now and then everyone looks at one product: about every quarter of an hour, for two or three minutes.
import { Draws } from './draws.ts'
import { HOT_PRODUCTS, type Shop } from './shop.ts'

const MINUTE = 60_000
const QUARTER = 15 * MINUTE
const PURPOSE = 3
/** How long buyers follow a trend after its views are over. */
const FOLLOWED_FOR = 4 * MINUTE
/** No trend takes more than 40 % of all views. */
const AT_MOST = 400_000

export interface Trend {
  /** Rank in `Shop.products`. */
  readonly product: number
  /** ms since epoch. */
  readonly start: number
  readonly end: number
  /** Views of the product during the trend, in multiples of its usual ones: 5 … 12. */
  readonly factor: number
  /** Views per million that go to the product because of the trend. */
  readonly share: number
  /** Whether it is also bought more, during the trend and a little longer. */
  readonly orders: 'as usual' | 'follow'
}

/** The trend of the quarter of an hour that holds `time`. */
export function trendAt(seed: number, shop: Shop, time: number): Trend {
  const quarter = Math.floor(time / QUARTER)
  const draws = new Draws(seed, PURPOSE, quarter)
  const product = draws.below(HOT_PRODUCTS)
  const usual = Math.round((shop.products[product]!.weight * 1_000_000) / shop.popularity)
  const wanted = Math.min(usual * draws.between(5, 12), AT_MOST)
  // All of it, followers included, lies within the quarter.
  const start = quarter * QUARTER + draws.between(1, 7) * MINUTE + draws.below(MINUTE)
  return {
    product,
    start,
    end: start + draws.between(120, 180) * 1_000,
    factor: wanted / usual,
    share: Math.round(((wanted - usual) * 1_000_000) / (1_000_000 - usual)),
    orders: draws.below(2) === 0 ? 'follow' : 'as usual',
  }
}

export const isViewed = (trend: Trend, time: number): boolean => time >= trend.start && time < trend.end
export const isBought = (trend: Trend, time: number): boolean =>
  trend.orders === 'follow' && time >= trend.start && time < trend.end + FOLLOWED_FOR
