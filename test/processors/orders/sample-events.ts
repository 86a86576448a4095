// Orders and views of one day as tests write them, and results as tests compare them.
import { Decimal } from '#lib/index.ts'
import type { Order } from '#schemas/orders/order.generated.ts'
import type { ProductView } from '#schemas/orders/product-view.generated.ts'
import { totalOf } from '#schemas/orders/rules.ts'

/** `12:01:30` or `12:01:30.250` of the day, UTC. */
export const at = (time: string): number => Date.parse(`2023-06-01T${time}Z`)

export type Line = readonly [product: string, quantity: number, price: number]
export function order(order_id: string, user_id: string, time: string, ...lines: readonly Line[]): Order {
  const items = lines.map(([product_id, quantity, price]) => ({ product_id, quantity, price }))
  return { user_id, event_time: at(time), total: totalOf(items), order_id, country: 'DE', currency: 'EUR', channel: 'web', items }
}

let views = 0
/** So many views of a product at a time, each with an id of its own. */
export const viewed = (product_id: string, time: string, times = 1): ProductView[] =>
  Array.from({ length: times }, () => ({ product_id, event_time: at(time), view_id: `v${views++}`, user_id: 'u', session_id: null }))

/** A result with decimals as text and the day's times as `12:05:00`. */
export const shown = (result: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(result).map(([name, value]) => [
      name,
      value instanceof Decimal
        ? value.toString()
        : name.startsWith('window_')
          ? new Date(value as number).toISOString().slice(11, 19)
          : value,
    ]),
  )
