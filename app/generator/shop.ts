// The made-up shop: what it sells, how popular each product is, who buys.
import { Draws } from './draws.ts'

const PRODUCTS = 500
const USERS = 2_000
/** So many products get three quarters of all views; the others share the rest almost evenly. Between the two there is nothing, so that the ups and downs of chance stay under the trend detector's thresholds at ten events a second. */
export const HOT_PRODUCTS = 16
const OTHERS = PRODUCTS - HOT_PRODUCTS
const COUNTRIES = ['DE', 'DE', 'DE', 'DE', 'FR', 'FR', 'FR', 'NL', 'NL', 'AT', 'ES', 'IT', 'BE', 'FI', 'IE'] as const
const CHANNELS = ['web', 'web', 'web', 'app', 'app', 'store'] as const

export interface Product {
  readonly id: string
  /** As JSON, with two decimals. */
  readonly price: string
  /** Out of `Shop.popularity`. */
  readonly weight: number
}
export interface User {
  readonly id: string
  readonly country: string
  readonly channel: string
}
export interface Shop {
  /** The most popular first. */
  readonly products: readonly Product[]
  readonly users: readonly User[]
  /** Sum of all weights. */
  readonly popularity: number
  /** A product by its popularity. */
  someProduct(draws: Draws): Product
  /** A user; the first ones come twice as often as the mean. */
  someUser(draws: Draws): User
}

const PURPOSE = { product: 1, user: 2 } as const

export function shopOf(seed: number): Shop {
  const products = Array.from({ length: PRODUCTS }, (_, rank): Product => {
    const draws = new Draws(seed, PURPOSE.product, rank)
    const [low, high] = [
      [99, 999],
      [1_000, 4_999],
      [5_000, 24_999],
    ][draws.below(3)] as [number, number]
    const cents = draws.between(low, high)
    const weight = rank < HOT_PRODUCTS ? 38_000 - 1_600 * rank : 300 - Math.floor((100 * (rank - HOT_PRODUCTS)) / OTHERS)
    // 197 and 500 have no common divisor: every number once, popular ones scattered.
    const id = `P-${String(((rank * 197 + 41) % PRODUCTS) + 1).padStart(4, '0')}`
    return { id, price: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`, weight }
  })
  const users = Array.from({ length: USERS }, (_, i): User => {
    const draws = new Draws(seed, PURPOSE.user, i)
    return {
      id: `U-${String(i + 1).padStart(5, '0')}`,
      country: COUNTRIES[draws.below(COUNTRIES.length)]!,
      channel: CHANNELS[draws.below(CHANNELS.length)]!,
    }
  })
  const upTo = new Float64Array(PRODUCTS)
  let popularity = 0
  products.forEach((p, rank) => (upTo[rank] = popularity += p.weight))
  return {
    products,
    users,
    popularity,
    someProduct(draws) {
      const at = draws.below(popularity)
      let low = 0
      for (let high = PRODUCTS - 1; low < high; ) {
        const middle = (low + high) >>> 1
        if (upTo[middle]! <= at) low = middle + 1
        else high = middle
      }
      return products[low]!
    },
    someUser: draws => users[Math.min(draws.below(USERS), draws.below(USERS))]!,
  }
}
