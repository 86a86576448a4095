// Compile-time tests of stages and table targets beyond the numbered misuses: what must not compile, and why.
import {
  branch,
  days,
  deleteWhere,
  from,
  integer,
  merge,
  mergeTagged,
  nullable,
  stage,
  table,
  text,
  type Topic,
  upsert,
} from '#lib/index.ts'

interface Order {
  id: string
  at: number
  total: number
  channel: 'web' | 'store'
}
declare const orders: Topic<Order>
declare const numbers: Topic<{ n: number }, number>
const flow = from(orders)
const rows = table('rows', { columns: { id: text, n: integer, note: nullable(text) }, key: ['id'] })

// ---- merge
// @ts-expect-error one flow alone is no merge
merge(flow)
// @ts-expect-error nor do two key types meet in one
merge(flow, from(numbers))
// @ts-expect-error a tag names a flow, not a topic
mergeTagged({ a: orders })

// ---- branch
// @ts-expect-error a case is a predicate or the word 'otherwise'
branch(flow, { big: true })
// @ts-expect-error a predicate says yes or no
branch(flow, { big: (o: Order) => o.total })
// @ts-expect-error there is no such case
branch(flow, { big: o => o.total > 1 }).small

// ---- stage: whatever remembers has a name, a version and a time
stage<Order, string, Order>({ step: 'own', open: c => o => c.emit(o) })
stage<Order, string, Order, { seen: number }>({ step: 'own', name: 'own', version: 1, ttl: days(1), open: c => o => c.emit(o) })
// @ts-expect-error a state without a name
stage<Order, string, Order, { seen: number }>({ step: 'own', open: c => o => c.emit(o) })
// @ts-expect-error a name without a state
stage<Order, string, Order>({ step: 'own', name: 'own', version: 1, ttl: null, open: c => o => c.emit(o) })
// @ts-expect-error a state that is no plain data
stage<Order, string, Order, Map<string, number>>({ step: 'own', name: 'own', version: 1, ttl: null, open: c => o => c.emit(o) })
// @ts-expect-error what it emits has the type that it says
stage<Order, string, Order>({ step: 'own', open: c => o => c.emit(o.id) })
// @ts-expect-error without a state there is nothing to set
stage<Order, string, Order>({ step: 'own', open: c => () => c.state.set(1) })

// ---- rows that leave
flow.to(
  upsert(rows, o => ({ id: o.id, n: 1, note: null })),
  deleteWhere(rows, id => ({ id })),
)
flow.to(upsert(rows, o => ({ id: o.id, n: 1, note: null }), { remove: o => o.total === 0 }))
// @ts-expect-error a tombstone has a key, and no value
deleteWhere(rows, (o: Order) => ({ id: o.id }))
// @ts-expect-error a misspelt column
deleteWhere(rows, id => ({ ide: id }))
// @ts-expect-error a column of another type
deleteWhere(rows, id => ({ n: id }))
// @ts-expect-error nothing equals NULL, so a column that may be NULL is none to leave by
deleteWhere(rows, id => ({ note: id }))
// @ts-expect-error whether a value's row leaves is yes or no
upsert(rows, (o: Order) => ({ id: o.id, n: 1, note: null }), { remove: o => o.id })
