// Kafka's own Java tools as a second client: they read what we write, we read what they write, and they show our groups.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import { fenced, offsetOf, plain, readAll, unique, write } from '#lib/testing/conformance/record-log/opened-log.ts'
import type { KafkaCluster } from '../../../deploy/services/kafka.ts'

const run = promisify(execFile)

export function javaToolTests(cluster: () => KafkaCluster): void {
  const java = async (name: string, input: string | null, ...args: string[]): Promise<string> => {
    const [command, all] = cluster().tool(name, '--bootstrap-server', cluster().brokers.join(), ...args)
    const tool = run(command, [...all], { maxBuffer: 1 << 24 })
    tool.child.stdin!.end(input ?? '')
    return (await tool).stdout
  }
  const consumed = (topic: string, n: number): Promise<string> =>
    java(
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      null,
      ...['--topic', topic, '--from-beginning', '--max-messages', String(n), '--timeout-ms', '30000'],
      ...['--command-property', 'isolation.level=read_committed'],
      ...['key', 'headers', 'timestamp'].flatMap(what => ['--formatter-property', `print.${what}=true`]),
    )

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    test(`what the Java producer writes with ${codec} is read`, async () => {
      const log = await openKafkaLog({ brokers: cluster().brokers })
      const topic = unique('java')
      await log.createTopic({ name: topic, partitions: 1, retention: 'forever' })
      const lines = Array.from({ length: 500 }, (_, i) => `k${i}\tthe value of ${i}, which is ${'long '.repeat(i % 40)}`)
      const parsed = ['parse.key=true', 'key.separator=\t'].flatMap(p => ['--reader-property', p])
      await java(
        'org.apache.kafka.tools.ConsoleProducer',
        `${lines.join('\n')}\n`,
        '--topic',
        topic,
        '--compression-codec',
        codec,
        ...parsed,
      )
      assert.deepEqual(
        (await readAll(log, topic)).map(r => `${r.key}\t${r.value}`),
        lines,
      )
      await log.close()
    })

  for (const compression of ['none', 'gzip', 'lz4', 'zstd'] as const)
    test(`what is written with ${compression} the Java consumer reads: keys, times, headers`, async () => {
      const log = await openKafkaLog({ brokers: cluster().brokers, compression })
      const topic = unique('java')
      await log.createTopic({ name: topic, partitions: 1, retention: 'forever' })
      const producer = await fenced(log)
      const records = Array.from({ length: 300 }, (_, i) =>
        plain(`value ${i}`, {
          time: 1_700_000_000_000 + i * 977,
          key: i % 3 === 0 ? null : `k${i}`,
          headers: i % 5 === 0 ? [['h', `${i}`]] : [],
        }),
      )
      await producer.commit({ writes: [write(topic, 0, ...records)] })
      const lines = (await consumed(topic, records.length)).trimEnd().split('\n')
      assert.deepEqual(
        lines,
        records.map(
          r => `CreateTime:${r.time}\t${r.headers.length === 0 ? 'NO_HEADERS' : `h:${r.headers[0]![1]}`}\t${r.key ?? 'null'}\t${r.value}`,
        ),
      )
      await log.close()
    })

  test('kafka-consumer-groups shows offsets and lag of a group', async () => {
    const log = await openKafkaLog({ brokers: cluster().brokers })
    const [topic, group] = [unique('java'), unique('group')]
    await log.createTopic({ name: topic, partitions: 1, retention: 'forever' })
    const producer = await fenced(log)
    await producer.commit({ offsets: offsetOf(group, topic, 0, 2), writes: [write(topic, 0, 'a', 'b', 'c')] })
    await (await fenced(log)).close()
    const shown = await java('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', null, '--describe', '--group', group)
    // The marker that ends the transaction counts as a record to everybody who only looks at offsets.
    assert.match(shown, new RegExp(`${group}\\s+${topic}\\s+0\\s+2\\s+4\\s+2\\s`))
    await log.close()
  })
}
