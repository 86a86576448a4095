// Made-up events of a shop, checked like any other sender's, into the topics of the orders system.
import { feed, filter, from, json, map, MillraceError, processor } from '#lib/index.ts'
import type { Order } from '#schemas/orders/order.generated.ts'
import type { ProductView } from '#schemas/orders/product-view.generated.ts'
import { orderOf, type Unchecked, viewOf } from '#schemas/orders/rules.ts'
import { orderEvents, productViews } from '#schemas/orders/topics.ts'

/** An order or a view that is not yet checked; the two fields that place it are taken at their word. */
type GeneratedEvent = Unchecked<Order> &
  Unchecked<ProductView> & { readonly kind: 'order' | 'view'; readonly user_id: string; readonly event_time: number }

/** What a generator gives: one JSON object an event, `{ kind: 'order' | 'view', … }` with the fields of an order (without its total) or of a view. */
export const generatedEvents = feed('orders-generator', { value: json(eventOf), key: 'user_id', time: 'event_time' })

function eventOf(value: unknown): GeneratedEvent {
  const { kind } = (value ?? {}) as { readonly kind?: unknown }
  if (kind === 'order' || kind === 'view') return value as GeneratedEvent
  throw new MillraceError('JSON_MALFORMED', `the event's kind is ${JSON.stringify(kind)}: 'order' or 'view' is needed`)
}

const events = from(generatedEvents)

/** Writes what is an order or a view, and makes a dead letter of the rest (ORDER_INVALID, VIEW_INVALID). */
export const ordersGenerator = processor('orders-generator', [
  events
    .pipe(
      filter(e => e.kind === 'order'),
      map(orderOf),
    )
    .to(orderEvents),
  events
    .pipe(
      filter(e => e.kind === 'view'),
      map(viewOf),
    )
    .to(productViews),
])
