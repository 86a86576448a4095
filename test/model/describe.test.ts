import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  approxDistinct,
  count,
  days,
  filter,
  from,
  json,
  keyBy,
  map,
  millis,
  minutes,
  type Processor,
  processor,
  scan,
  seconds,
  sum,
  topic,
  tumbling,
} from '#lib/index.ts'

interface Sale {
  product: string
  user: string
  at: number
  total: number
}
const sales = topic('sales', { key: 'product', time: 'at', value: json(v => v as Sale) })
const byUser = topic('sales.by-user', { key: 'user', time: 'at', value: json(v => v as Sale) })
const sums = topic('sums', { key: 'user', time: 'at', value: json(v => v as { user: string; at: number }) })

const shop = (o: { grace?: number } = {}): Processor =>
  processor('shop', [
    from(sales)
      .pipe(
        filter(s => s.total > 0),
        keyBy(s => s.user, { via: byUser }),
        tumbling('per-user', { size: minutes(90), grace: millis(o.grace ?? 1_500), late: 'count-and-drop' }),
        aggregate(
          {
            sales: count(),
            total: sum(s => s.total, { decimals: 2 }),
            products: approxDistinct(s => s.product, { exactUpTo: 10, relativeError: 0.1 }),
          },
          { emit: 'on-close' },
        ),
        map(w => ({ user: w.key, at: w.start })),
      )
      .to(sums),
    from(sales)
      .pipe(
        scan('last', {
          version: 3,
          ttl: days(7),
          initial: () => ({ at: 0 }),
          next: (_s, v) => ({ state: { at: v.at }, emit: [{ user: v.user, at: v.at }] }),
        }),
      )
      .to(sums),
  ])

test('a plan as text: a line a stage, what it reads, its settings with units', () => {
  const [title, ...lines] = shop().describe().split('\n')
  assert.match(title!, /^shop {2}[0-9a-f]{16}$/)
  assert.deepEqual(lines, [
    '  0       from: sales',
    '  1 <- 0  filter',
    '  2 <- 1  key-by: via sales.by-user',
    '  3 <- 2  from: sales.by-user',
    "  4 <- 3  tumbling 'per-user': size 90 min; sales = count, total = sum decimals 2, products = approx-distinct exactUpTo 10 relativeError 0.1; grace 1500 ms; emit on-close; late count-and-drop",
    '  5 <- 4  map',
    '  6 <- 5  to: sums',
    '  7       from: sales',
    "  8 <- 7  scan 'last' v3: kept for 7 d",
    '  9 <- 8  to: sums',
  ])
})

test('a plan as a drawing has a node for every stage and an arrow for every line that data takes', () => {
  const drawing = shop().describe('mermaid').split('\n')
  assert.equal(drawing[0], 'flowchart LR')
  assert.equal(drawing.filter(l => /^ {2}n\d+\["[^"]+"\]$/.test(l)).length, 10)
  assert.deepEqual(drawing.filter(l => l.includes('-->')).length, 8)
  assert.ok(drawing.includes('  n2 --> n3'), 'also through the repartition topic')
})

test('S5.7: a plan as JSON carries the fingerprint, which grace does not change', () => {
  const plan = JSON.parse(shop().describe('json')) as {
    processor: string
    fingerprint: string
    stages: { step: string; tuning?: { graceMs?: number } }[]
  }
  const other = JSON.parse(shop({ grace: 5_000 }).describe('json')) as typeof plan
  assert.equal(plan.processor, 'shop')
  assert.equal(plan.fingerprint, other.fingerprint)
  assert.deepEqual(
    [plan, other].map(p => p.stages.find(s => s.step === 'tumbling')!.tuning!.graceMs),
    [1_500, 5_000],
  )
  assert.equal(seconds(5), 5_000)
})
