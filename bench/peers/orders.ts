// The peers' job: 5-minute tumbling count, sum, min and max of each user's order totals, 10,000 users, 4 partitions, final results. The orders are
// the benchmark kit's own (same generator, same seed), so that every engine reads the same bytes.
import { openWriter } from '#lib/codec/topic-codec.ts'
import { aggregate, avro, count, from, map, max, min, minutes, processor, seconds, sum, topic, tumbling } from '#lib/index.ts'
import { Arena } from '#lib/model/arena.ts'
import { partitionOf } from '#lib/model/key.ts'
import { BatchBuilder } from '#lib/model/record-batch.ts'
import { specOf } from '#lib/model/topic.ts'
import type { RecordLog } from '#lib/ports/record-log.ts'
import { SplittableRandom } from './splittable-random.ts'

const START = Math.floor(1_760_000_100_000 / 300_000) * 300_000
const SPAN = 7_200_000
const USERS = 10_000
export const PARTITIONS = 4
const COUNTRIES = ['US', 'GB', 'DE', 'FR', 'IN', 'JP', 'BR', 'CA', 'AU', 'NL'] as const
const CHANNELS = ['web', 'mobile', 'store', 'partner'] as const

const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'bench.avro',
  fields: [
    { name: 'order_id', type: 'string' },
    { name: 'user_id', type: 'string' },
    { name: 'ts', type: 'long' },
    { name: 'country', type: 'string' },
    { name: 'channel', type: 'string' },
    { name: 'total', type: 'double' },
    {
      name: 'items',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Item',
          fields: [
            { name: 'product_id', type: 'string' },
            { name: 'quantity', type: 'int' },
            { name: 'price', type: 'double' },
          ],
        },
      },
    },
  ],
} as const
const RESULT = {
  type: 'record',
  name: 'AggResult',
  namespace: 'bench.avro',
  fields: [
    { name: 'user_id', type: 'string' },
    { name: 'window_start', type: 'long' },
    { name: 'window_end', type: 'long' },
    { name: 'count', type: 'long' },
    { name: 'sum', type: 'double' },
    { name: 'min', type: 'double' },
    { name: 'max', type: 'double' },
  ],
} as const

/** The job over topics of these names. */
export function peersJob(from_: string, to: string, name = 'bench-per-user') {
  const orders = topic(from_, { key: 'user_id', time: 'ts', partitions: PARTITIONS, value: avro(ORDER) })
  const results = topic(to, { key: 'user_id', time: 'window_end', partitions: PARTITIONS, value: avro(RESULT) })
  const perUser = processor(
    name,
    from(orders)
      .pipe(
        tumbling('per-user', { size: minutes(5), grace: seconds(10), late: 'count-and-drop' }),
        aggregate({ count: count(), sum: sum(o => o.total), min: min(o => o.total), max: max(o => o.total) }, { emit: 'on-close' }),
        map(w => ({ user_id: w.key, window_start: w.start, window_end: w.end, ...w.value })),
      )
      .to(results),
  )
  return { orders, results, perUser }
}
export const { orders, results, perUser } = peersJob('bench_orders', 'bench_results')

/** Writes `n` orders and one flush record per partition, an hour later, into the log; sums of the totals as the kit states them. */
export async function produceOrders(
  log: RecordLog,
  n: number,
  schemaId: number,
): Promise<{ readonly bytes: number; readonly sumTotal: number }> {
  await log.createTopic({ name: 'bench_orders', partitions: PARTITIONS, retention: 'forever' })
  const producer = log.producer('bench.orders')
  await producer.fence()
  const writer = openWriter(specOf(orders).value, schemaId)
  const random = new SplittableRandom(42)
  const arena = new Arena(512)
  let builders = fresh()
  let bytes = 0
  let sumTotal = 0
  for (let i = 0; i < n + PARTITIONS; i++) {
    const flush = i >= n
    const u = random.nextDouble()
    const user = Math.trunc(u * Math.sqrt(u) * USERS)
    let ts = START + Math.trunc((i / n) * SPAN) - (i === 0 ? 0 : random.nextLong(5_001))
    if (ts < START) ts = START
    if (flush) ts = START + SPAN + 3_600_000
    const user_id = flush ? `__flush${i - n}` : `user-${String(user).padStart(5, '0')}`
    const country = COUNTRIES[random.nextInt(10)]!
    const channel = CHANNELS[random.nextInt(4)]!
    const items = []
    let cents = 0
    for (let k = 2 + random.nextInt(3); k > 0; k--) {
      const quantity = 1 + random.nextInt(5)
      const price = 100 + random.nextInt(20_000)
      items.push({ product_id: `prod-${1_000 + random.nextInt(9_000)}`, quantity, price: price / 100 })
      cents += quantity * price
    }
    const total = cents / 100
    if (!flush) sumTotal += total
    arena.clear()
    writer.write({ order_id: `ord-${(0x10000000 + i).toString(16)}`, user_id, ts, country, channel, total, items }, arena)
    const key = Buffer.from(user_id)
    builders[flush ? i - n : partitionOf(key, PARTITIONS)]!.add(ts, key, arena.bytes.subarray(0, arena.at))
    bytes += arena.at
    if (i % 20_000 === 19_999 || i === n + PARTITIONS - 1) {
      const writes = builders
        .map((b, partition) => ({ topic: 'bench_orders', partition, columns: b.columns() }))
        .filter(w => w.columns.count > 0)
      await producer.commit({ writes })
      builders = fresh()
    }
  }
  await producer.close()
  return { bytes, sumTotal }
}

const fresh = (): BatchBuilder[] => Array.from({ length: PARTITIONS }, () => new BatchBuilder(8_192, 1_000_000))
