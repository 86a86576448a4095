// Millrace as one more peer of the benchmark kit: the kit's runner starts it and measures it from outside.
// node bench/peers/kit-peer.ts bootstrap=… in=… out=… total=… appid=… [redis=redis://…] [compression=none|lz4|zstd]
import { openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { openRedisStateCache } from '#lib/adapters/redis/state-cache.ts'
import { openMemoryRegistry } from '#lib/adapters/registry/memory.ts'
import { Worker } from '#lib/engine/worker.ts'
import { codecSpecOf } from '#lib/model/codec.ts'
import { specOf } from '#lib/model/topic.ts'
import { SILENT } from '#lib/ports/observer.ts'
import { PARTITIONS, peersJob } from './orders.ts'

const args = new Map(process.argv.slice(2).map(a => [a.slice(0, a.indexOf('=')), a.slice(a.indexOf('=') + 1)] as const))
const given = (name: string): string => args.get(name) ?? ''
const total = Number(given('total'))
const { orders, results, perUser } = peersJob(given('in'), given('out'))
// The ids that the kit's records carry.
const registry = openMemoryRegistry()
for (const spec of [specOf(orders), specOf(results)]) {
  const codec = codecSpecOf(spec.value)
  await registry.register(`${spec.name}-value`, codec.codec === 'avro' ? codec.schema : {})
}
const redis = given('redis')
const cache = redis === '' ? new EmbeddedStateCache() : await openRedisStateCache({ urls: [redis], topology: 'single' })
const log = await openKafkaLog({ brokers: given('bootstrap').split(','), compression: (args.get('compression') ?? 'none') as 'none' })

let done = 0
let reading = false
const say = (what: string): void => console.log(`${what} ${Date.now()}`)
const worker = new Worker(
  {
    log,
    registry,
    cache,
    tables: null,
    feeds: new Map(),
    clock: systemClock(),
    random: systemRandom(),
    observer: {
      ...SILENT,
      state: (_task, state) => {
        if (state === 'ready' && !reading) say('T_FIRST')
        if (state === 'ready') reading = true
      },
      failure: (_task, error) => console.error(error),
      refused: (_task, letter) => console.error(letter),
      epoch: (_task, { records }) => {
        const before = done
        done += records
        for (let at = Math.ceil((before + 1) / 100_000) * 100_000; at <= done && at < total; at += 100_000) say(`T ${at}`)
        if (before < total && done >= total) say('T_ALL')
      },
    },
  },
  {
    app: given('appid')
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, '-')
      .slice(-50)
      .replace(/^[^a-z]*/, ''),
    partitions: PARTITIONS,
  },
)
process.on('SIGTERM', () => void worker.stop().then(() => process.exit(0)))
await worker.start(perUser)
