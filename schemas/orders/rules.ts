// What may enter the orders system: the rules that its producers (gateway, generator, files) apply before they write.
import { exact, MillraceError, plus, times } from '#lib/index.ts'
import type { Order, OrderItem } from './order.generated.ts'
import type { ProductView } from './product-view.generated.ts'

/** A value of which nothing is known yet but which fields it should have. */
export type Unchecked<T> = { readonly [F in keyof T]?: unknown }

/** Most that a decimal(18,4) can hold, and so the most that an order may come to. */
const MOST = 99_999_999_999_999
const INT_MOST = 2 ** 31 - 1
const CURRENCY = /^[A-Z]{3}$/

/** Price times quantity over the items, summed exactly; the nearest double. @throws DECIMAL_INVALID unless prices and quantities are finite */
export const totalOf = (items: readonly OrderItem[]): number =>
  items.reduce((sum, { price, quantity }) => plus(sum, times(price, quantity)), exact(0)).toNumber()

/**
 * The order that a value is, its total made from its items; fields that an order does not have are left out.
 * @throws ORDER_INVALID naming everything that is wrong
 */
export function orderOf(value: Unchecked<Order>): Order {
  const faults = orderFaults(value)
  if (faults.length > 0) throw new MillraceError('ORDER_INVALID', `order ${shown(value.order_id)}: ${faults.join('; ')}`)
  const { user_id, event_time, order_id, country = null, currency, channel, items } = value as Order
  return {
    user_id,
    event_time,
    total: totalOf(items),
    order_id,
    country,
    currency,
    channel,
    items: items.map(({ product_id, quantity, price }) => ({ product_id, quantity, price })),
  }
}

/** The product view that a value is. @throws VIEW_INVALID naming everything that is wrong */
export function viewOf(value: Unchecked<ProductView>): ProductView {
  const faults = viewFaults(value)
  if (faults.length > 0) throw new MillraceError('VIEW_INVALID', `view ${shown(value.view_id)}: ${faults.join('; ')}`)
  const { product_id, event_time, view_id, user_id, session_id = null } = value as ProductView
  return { product_id, event_time, view_id, user_id, session_id }
}

/**
 * Everything that keeps a value from being an order, each in words that begin with the field's name; empty when it is one. Its total is not looked at:
 * `totalOf` makes it. A price of 0, repeated products and a time of long ago are legal.
 */
export function orderFaults(order: Unchecked<Order>): readonly string[] {
  const faults = [
    ...textFault('order_id', order.order_id),
    ...textFault('user_id', order.user_id),
    ...timeFault('event_time', order.event_time),
    ...textFault('channel', order.channel),
  ]
  const { country, currency, items } = order
  if (typeof currency !== 'string' || !CURRENCY.test(currency))
    faults.push(`currency is ${shown(currency)}: three capital letters are needed`)
  if (country !== null && country !== undefined && typeof country !== 'string')
    faults.push(`country is ${shown(country)}: text or null is needed`)
  if (!Array.isArray(items) || items.length === 0) return [...faults, `items is ${shown(items)}: a list of at least one item is needed`]
  const before = faults.length
  items.forEach((item: unknown, i) => {
    faults.push(...itemFaults(`items[${i}]`, item))
  })
  if (faults.length === before && roughTotal(items as OrderItem[]) > MOST) faults.push(`items come to more than ${MOST}`)
  return faults
}

/** Everything that keeps a value from being a product view, as `orderFaults`. */
export function viewFaults(view: Unchecked<ProductView>): readonly string[] {
  const { session_id } = view
  return [
    ...textFault('view_id', view.view_id),
    ...textFault('product_id', view.product_id),
    ...textFault('user_id', view.user_id),
    ...timeFault('event_time', view.event_time),
    ...(session_id === null || session_id === undefined ? [] : textFault('session_id', session_id)),
  ]
}

function itemFaults(name: string, item: unknown): readonly string[] {
  if (typeof item !== 'object' || item === null) return [`${name} is ${shown(item)}: an item is needed`]
  const { product_id, quantity, price } = item as Unchecked<OrderItem>
  const faults = [...textFault(`${name}.product_id`, product_id)]
  if (!Number.isInteger(quantity) || (quantity as number) < 1 || (quantity as number) > INT_MOST)
    faults.push(`${name}.quantity is ${shown(quantity)}: a whole number from 1 to ${INT_MOST} is needed`)
  if (typeof price !== 'number' || !(price >= 0 && price <= MOST))
    faults.push(`${name}.price is ${shown(price)}: a number from 0 to ${MOST} is needed`)
  return faults
}

/** Near enough to compare with a bound, and much cheaper than the exact one. */
const roughTotal = (items: readonly OrderItem[]): number => items.reduce((sum, { price, quantity }) => sum + price * quantity, 0)
const textFault = (name: string, value: unknown): readonly string[] =>
  typeof value === 'string' && value !== '' ? [] : [`${name} is ${shown(value)}: text is needed`]
const timeFault = (name: string, value: unknown): readonly string[] =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? [] : [`${name} is ${shown(value)}: whole milliseconds since 1970 are needed`]
const shown = (value: unknown): string =>
  value === undefined ? 'missing' : typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value)).slice(0, 80)
