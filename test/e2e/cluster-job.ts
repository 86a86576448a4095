// The job of the test on real services: windows per user, behind them windows per region through a repartition topic, and a loader of both.
import {
  aggregate,
  avro,
  count,
  from,
  integer,
  keyBy,
  long,
  map,
  processor,
  seconds,
  sum,
  table,
  text,
  timestamptz,
  topic,
  tumbling,
  upsert,
} from '#lib/index.ts'

export const PARTITIONS = 4
export const SIZE = 10_000
const GRACE = seconds(20)

export const sales = topic('sales', {
  key: 'user',
  time: 'at',
  partitions: PARTITIONS,
  value: avro({
    type: 'record',
    name: 'Sale',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'user', type: 'string' },
      { name: 'region', type: 'string' },
      { name: 'at', type: 'long' },
      { name: 'cents', type: 'long' },
    ],
  }),
})
const byRegion = topic('sales-by-region', {
  key: 'region',
  time: 'at',
  partitions: PARTITIONS,
  value: avro({
    type: 'record',
    name: 'RegionSale',
    fields: [
      { name: 'region', type: 'string' },
      { name: 'at', type: 'long' },
      { name: 'id', type: 'long' },
      { name: 'cents', type: 'long' },
    ],
  }),
})
export const totals = topic('totals', {
  key: 'name',
  time: 'until',
  partitions: PARTITIONS,
  value: avro({
    type: 'record',
    name: 'Total',
    fields: [
      { name: 'kind', type: 'string' },
      { name: 'name', type: 'string' },
      { name: 'until', type: 'long' },
      { name: 'sales', type: 'long' },
      { name: 'ids', type: 'long' },
      { name: 'cents', type: 'long' },
      { name: 'revision', type: 'int' },
    ],
  }),
})

const folds = <T extends { readonly id: number; readonly cents: number }>() => ({
  sales: count(),
  ids: sum((s: T) => s.id),
  cents: sum((s: T) => s.cents),
})
const all = from(sales)
export const totalling = processor('totalling', [
  all
    .pipe(
      tumbling('per-user', { size: seconds(10), grace: GRACE, late: 'count-and-drop' }),
      aggregate(folds(), { emit: 'on-close' }),
      map(w => ({ kind: 'user', name: w.key, until: w.end, revision: w.revision, ...w.value })),
    )
    .to(totals),
  all
    .pipe(
      map(({ region, at, id, cents }) => ({ region, at, id, cents })),
      keyBy(s => s.region, { via: byRegion }),
      tumbling('per-region', { size: seconds(10), grace: GRACE, late: 'count-and-drop' }),
      aggregate(folds(), { emit: 'on-close' }),
      map(w => ({ kind: 'region', name: w.key, until: w.end, revision: w.revision, ...w.value })),
    )
    .to(totals),
])

export const totalsTable = table('totals', {
  columns: { kind: text, name: text, until: timestamptz, sales: integer, ids: long, cents: long, revision: integer },
  key: ['kind', 'name', 'until'],
  revision: 'revision',
})
export const loading = processor('loading', from(totals).to(upsert(totalsTable, t => ({ ...t, until: new Date(t.until) }))))
