// What decoding and encoding an order costs, next to avsc in the same run (CPU time per record, medians of alternating rounds).
// node bench/codec.ts [rounds, default 7]
import avsc from 'avsc'
import { compileReader } from '#lib/codec/avro-read.ts'
import { compileWriter } from '#lib/codec/avro-write.ts'
import { shortText } from '#lib/codec/short-text.ts'
import { Arena } from '#lib/model/arena.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { codecSpecOf } from '#lib/model/codec.ts'
import { specOf } from '#lib/model/topic.ts'
import { orders } from './peers/orders.ts'
import { SplittableRandom } from './peers/splittable-random.ts'

const ROUNDS = Number(process.argv[2] ?? 7)
const ORDERS = 20_000
const PASSES = 10

const spec = codecSpecOf(specOf(orders).value)
if (spec.codec !== 'avro') throw new Error('the orders are Avro')
const schema: AvroSchema = spec.schema
const peer = avsc.Type.forSchema(structuredClone(schema) as avsc.Schema)

const random = new SplittableRandom(42)
const pick = (of: readonly string[]): string => of[random.nextInt(of.length)]!
const values = Array.from({ length: ORDERS }, (_, i) => {
  const items = Array.from({ length: 2 + random.nextInt(3) }, () => ({
    product_id: `prod-${1_000 + random.nextInt(9_000)}`,
    quantity: 1 + random.nextInt(5),
    price: (100 + random.nextInt(20_000)) / 100,
  }))
  return {
    order_id: `ord-${(0x10000000 + i).toString(16)}`,
    user_id: `user-${String(random.nextInt(10_000)).padStart(5, '0')}`,
    ts: 1_760_000_100_000 + i * 3,
    country: pick(['US', 'GB', 'DE', 'FR', 'IN', 'JP', 'BR', 'CA', 'AU', 'NL']),
    channel: pick(['web', 'mobile', 'store', 'partner']),
    total: items.reduce((sum, item) => sum + item.quantity * item.price, 0),
    items,
  }
})
// one buffer, as a fetch gives them
const arena = new Arena(1 << 16)
const writer = compileWriter(schema)
const starts = values.map(value => {
  const { at } = arena
  writer.write(value, arena)
  return at
})
starts.push(arena.at)
const bytes = arena.copy()
const full = compileReader(schema, schema, 'all')
const three = compileReader(schema, schema, new Set(['user_id', 'ts', 'total']))
const into = Buffer.alloc(4_096)
let sink = 0

interface Job {
  readonly what: string
  readonly run: (i: number) => void
  /** Its row is compared with this one. */
  readonly against: string | null
}
const read =
  (of: (i: number) => unknown): Job['run'] =>
  i => {
    sink += (of(i) as { ts: number }).ts % 7
  }
const JOBS: readonly Job[] = [
  { what: 'avsc fromBuffer', run: read(i => peer.fromBuffer(bytes.subarray(starts[i], starts[i + 1]))), against: null },
  { what: 'read, all 7 fields and items', run: read(i => full.read(bytes, starts[i]!, starts[i + 1]!)), against: 'avsc fromBuffer' },
  { what: 'read, 3 of 7 fields', run: read(i => three.read(bytes, starts[i]!, starts[i + 1]!)), against: 'avsc fromBuffer' },
  { what: 'avsc toBuffer', run: i => void (sink += peer.toBuffer(values[i]).length), against: null },
  { what: 'avsc encode into one buffer', run: i => void (sink += peer.encode(values[i], into, 0)), against: null },
  {
    what: 'write into an arena',
    run: i => {
      arena.clear()
      writer.write(values[i], arena)
      sink += arena.at
    },
    against: 'avsc encode into one buffer',
  },
  {
    what: 'buffer.toString, 12 bytes',
    run: i => void (sink += bytes.toString('latin1', starts[i]! + 1, starts[i]! + 13).length),
    against: null,
  },
  {
    what: 'shortText, 12 bytes',
    run: i => void (sink += shortText(bytes, starts[i]! + 1, 12)!.length),
    against: 'buffer.toString, 12 bytes',
  },
]

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1]!
const times = new Map<string, number[]>(JOBS.map(job => [job.what, []]))
for (let round = 0; round <= ROUNDS; round++) {
  for (const { what, run } of JOBS) {
    const before = process.cpuUsage()
    for (let pass = 0; pass < PASSES; pass++) for (let i = 0; i < ORDERS; i++) run(i)
    const { user, system } = process.cpuUsage(before)
    // the first round warms up
    if (round > 0) times.get(what)!.push(((user + system) * 1_000) / (PASSES * ORDERS))
  }
}
console.log(`${ORDERS} orders of ${(bytes.length / ORDERS).toFixed(1)} bytes, ${ROUNDS} rounds of ${PASSES} passes (${sink % 10})`)
for (const { what, against } of JOBS) {
  const ns = median(times.get(what)!)
  const ratio = against === null ? '' : `  ${(median(times.get(against)!) / ns).toFixed(1)} × as fast as ${against}`
  console.log(`${what.padEnd(30)} ${ns.toFixed(0).padStart(6)} ns${ratio}`)
}
