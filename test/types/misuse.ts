// What the compiler must refuse: each line under a directive is wrong, and `tsc` fails when one of them compiles. The numbers are those of the list
// of misuses in the design.
import { filter as rxFilter } from 'rxjs'
import {
  aggregate, avro, avroAs, count, counting, custom, days, filter, from, hopping, insertOnly, integer, joinAsOf, joinInterval, joinTable, keyBy, keyInPlace, map, mapAsync, merge, minutes, nullable, numeric, processor, rx, scan, seconds, session, sliding, sum, table, tableFrom, tee, text, timestamptz, topic, type Topic, tumbling, type Unkeyed, upsert,
} from '#lib/index.ts'

interface Order {
  order_id: string
  user_id: string
  at: number
  total: number
  note?: string
}
declare const orders: Topic<Order>
declare const totals: Topic<{ user_id: string; n: number; revenue: number }>
declare const numbers: Topic<{ n: number }, number>
declare const unkeyed: Topic<Order, Unkeyed>
const flow = from(orders)
const timed = { grace: seconds(1), late: 'count-and-drop' } as const
const rows = table('t', {
  columns: { id: text, time: timestamptz, n: integer, money: numeric(18, 4), note: nullable(text), revision: integer },
  key: ['id', 'time'],
  revision: 'revision',
})

export const refused = (): void => {
  // 1: a bare number is no duration
  // @ts-expect-error
  tumbling('w', { size: 60_000, ...timed })
  // 2: grace must be said
  // @ts-expect-error
  tumbling('w', { size: minutes(1), late: 'count-and-drop' })
  // 3: late must be said
  // @ts-expect-error
  hopping('w', { size: minutes(1), hop: seconds(10), grace: seconds(1) })
  // 4: emit must be said
  // @ts-expect-error
  aggregate({ n: count() }, {})
  // 5: an unknown word for emit
  // @ts-expect-error
  aggregate({ n: count() }, { emit: 'onClose' })
  // 6: folding needs windows
  // @ts-expect-error
  flow.pipe(aggregate({ n: count() }, { emit: 'on-close' }))
  // 7: a window needs a key
  // @ts-expect-error
  from(unkeyed).pipe(tumbling('w', { size: minutes(1), ...timed }))
  // 8: windows cannot be sent
  // @ts-expect-error
  flow.pipe(tumbling('w', { size: minutes(1), ...timed })).to(orders)
  // 9: windows cannot be mapped
  // @ts-expect-error
  flow.pipe(tumbling('w', { size: minutes(1), ...timed }), map(x => x))
  // 10: a topic refuses a value that lacks a field
  // @ts-expect-error
  flow.pipe(map(x => ({ user_id: x.user_id, n: 1 }))).to(totals)
  // 11: and one of another type
  // @ts-expect-error
  flow.pipe(map(x => ({ user_id: x.user_id, n: '1', revenue: 1 }))).to(totals)
  // 12: no such field
  // @ts-expect-error
  flow.pipe(map(x => x.totl))
  // 13: a key is a string or a number
  // @ts-expect-error
  flow.pipe(keyInPlace(x => ({ id: x.user_id })))
  // 14: a new key needs a way to its partition
  // @ts-expect-error
  flow.pipe(keyBy(x => x.order_id))
  // 15: the repartition topic has its own type
  // @ts-expect-error
  flow.pipe(keyBy(x => x.order_id, { via: totals }))
  // 16: a closed session is not corrected
  // @ts-expect-error
  session('s', { gap: minutes(1), grace: seconds(1), late: { correct: days(1) } })
  // 17: windows of a count know no grace
  // @ts-expect-error
  counting('c', { n: 5, timeout: 'never', grace: seconds(1) })
  // 18: a late topic takes this type
  // @ts-expect-error
  flow.pipe(tumbling('w', { size: minutes(1), grace: seconds(1), late: totals }), aggregate({ n: count() }, { emit: 'on-close' }))
  // 19: state is plain data
  // @ts-expect-error
  flow.pipe(scan('x', { version: 1, ttl: null, initial: () => ({ seen: new Map<string, number>() }), next: s => ({ state: s }) }))
  // 20: state has a version
  // @ts-expect-error
  flow.pipe(scan('x', { ttl: null, initial: () => ({ n: 0 }), next: s => ({ state: s }) }))
  // 21: state is forgotten on purpose or kept on purpose
  // @ts-expect-error
  flow.pipe(scan('x', { version: 1, initial: () => ({ n: 0 }), next: s => ({ state: s }) }))
  // 22: next gives back the same state
  // @ts-expect-error
  flow.pipe(scan('x', { version: 1, ttl: null, initial: () => ({ n: 0 }), next: () => ({ state: { m: 1 } }) }))
  // 23: a promise is not a value
  // @ts-expect-error
  flow.pipe(map(async x => x.total), filter(t => t > 1))
  // 24: mapAsync has a timeout
  // @ts-expect-error
  flow.pipe(mapAsync(async x => x, { concurrency: 4, order: 'key', retry: 'none' }))
  // 25: an rx operator of another value type
  // @ts-expect-error
  flow.pipe(rx(rxFilter((x: { other: string }) => x.other === '')))
  // 26: merge needs one key type
  // @ts-expect-error
  merge(flow, from(numbers))
  // 27: joins need one key type
  // @ts-expect-error
  flow.pipe(joinInterval('j', from(numbers), { version: 1, kind: 'inner', before: seconds(1), after: seconds(1), grace: seconds(1), late: 'count-and-drop', with: (a, b) => [a, b] }))
  // 28: the right side of a left join may be missing
  // @ts-expect-error
  flow.pipe(joinInterval('j', flow, { version: 1, kind: 'left', before: seconds(1), after: seconds(1), grace: seconds(1), late: 'count-and-drop', with: (_a, b) => b.total }))
  // and so may the row of a left join with a table
  // @ts-expect-error
  flow.pipe(joinTable(tableFrom('l', orders, { versions: 'latest', version: 1 }), { kind: 'left', with: (_x, row) => row.total }))
  // 29: as-of needs versions
  // @ts-expect-error
  flow.pipe(joinAsOf(tableFrom('l', orders, { versions: 'latest', version: 1 }), { kind: 'inner', notOlderThan: 'any', with: a => a }))
  // 30: a row needs all its columns
  // @ts-expect-error
  upsert(rows, (x: Order) => ({ id: x.order_id, time: new Date(x.at), n: 1, note: null, revision: 1 }))
  // 31: a float is not money
  // @ts-expect-error
  upsert(rows, (x: Order) => ({ id: x.order_id, time: new Date(x.at), n: 1, money: x.total, note: null, revision: 1 }))
  // 32: a misspelt column
  // @ts-expect-error
  upsert(rows, (x: Order) => ({ id: x.order_id, time: new Date(x.at), n: 1, money: 0, nott: null, revision: 1 }))
  // 33: insert-only says what a duplicate is
  // @ts-expect-error
  insertOnly(rows, (x: Order) => { throw x })
  // 34: a table's key is one of its columns
  // @ts-expect-error
  table('t', { columns: { id: text }, key: ['idd'] })
  // 35: and never null
  // @ts-expect-error
  table('t', { columns: { id: nullable(text) }, key: ['id'] })
  // 36: a topic's key is one of its fields
  // @ts-expect-error
  topic('t', { value: avroAs<Order>({}), key: 'nope', time: 'at' })
  // 37: event time is a number
  // @ts-expect-error
  topic('t', { value: avroAs<Order>({}), key: 'user_id', time: 'order_id' })
  // 38: a fold of another value type
  // @ts-expect-error
  flow.pipe(tumbling('w', { size: minutes(1), ...timed }), aggregate({ x: sum((v: { price: number }) => v.price) }, { emit: 'on-close' }))
  // 39: a custom fold can merge (sessions, panes)
  // @ts-expect-error
  custom('c', { version: 1, initial: () => ({ n: 0 }), add: s => s, result: s => s.n })
  // 40: a flow is not a processor's output
  // @ts-expect-error
  processor('p', flow)
  // 41: tee takes the type that flows
  // @ts-expect-error
  flow.pipe(tee(totals))
  // 42: a decimal of another scale is another type
  const cents = avro({ type: 'record', name: 'C', fields: [{ name: 'id', type: 'string' }, { name: 'at', type: 'long' }, { name: 'sum', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } }] })
  const summed = flow.pipe(tumbling('w', { size: minutes(1), ...timed }), aggregate({ sum: sum(v => v.total, { decimals: 4 }) }, { emit: 'on-close' }), map(x => ({ id: x.key, at: x.start, ...x.value })))
  // @ts-expect-error
  summed.to(topic('c', { value: cents, key: 'id', time: 'at' }))
  // 43: a verdict is a word
  // @ts-expect-error
  processor('p', flow.to(orders), { onFailure: { process: true } })
  // 44: a sliding window's late records have no correction either
  // @ts-expect-error
  sliding('s', { size: minutes(1), grace: seconds(1), late: { correct: days(1) } })
  // 45: a session that is updated may be taken back: its value is null then
  // @ts-expect-error
  flow.pipe(session('s', { gap: minutes(30), ...timed }), aggregate({ n: count() }, { emit: 'on-update' }), map(r => r.value.n))
  flow.pipe(session('s', { gap: minutes(30), ...timed }), aggregate({ n: count() }, { emit: 'on-close' }), map(r => r.value.n))
}
