// A process that commits until it is killed, and tells every acknowledged transaction on its output. argv: directory, number to begin with
import { writeSync } from 'node:fs'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { columnsOf } from '#lib/model/record-batch.ts'

const [directory, first] = [process.argv[2]!, Number(process.argv[3])]
const log = await openEmbeddedLog(await lockDirectory(directory), { segmentBytes: 256 << 10, memoryBytes: 64 << 10 })
await log.createTopic({ name: 't', partitions: 3, retention: 'forever' })
/** Writer `w` commits numbers of its own to all partitions, large ones at times, with its offset. */
async function commitForEver(w: number): Promise<never> {
  const producer = log.producer(`w${w}`)
  await producer.fence()
  for (let n = first; ; n++) {
    const records = Array.from({ length: 1 + ((n * 7) % 40) }, (_, i) => ({
      time: n,
      key: `w${w}`,
      value: `${n}:${i}:${'x'.repeat((n * 31) % 900)}`,
    }))
    const columns = columnsOf(records)
    await producer.commit({
      offsets: { group: `w${w}`, metadata: '', offsets: [{ topic: 't', partition: 0, next: n }] },
      writes: [0, 1, 2].map(partition => ({ topic: 't', partition, columns })),
    })
    writeSync(1, `w${w} ${n}\n`)
  }
}
/** Truncates and tidies up underneath, as a running system does. */
async function tidyForEver(): Promise<never> {
  for (;;) {
    const { start, end } = await log.bounds('t', 2)
    await log.deleteRecords('t', 2, start + ((end - start) >> 1))
    await log.maintain(0)
    await new Promise(resolve => setTimeout(resolve, 3))
  }
}
writeSync(1, 'ready\n')
await Promise.all([commitForEver(0), commitForEver(1), tidyForEver()])
