// What an epoch sends: a refused record's is taken back, wherever it went, and nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWriter } from '#lib/codec/topic-codec.ts'
import { Outbox, type TargetTopic, TopicSender } from '#lib/engine/outbox.ts'
import { json, topic } from '#lib/index.ts'
import { RecordBatch } from '#lib/model/record-batch.ts'
import { specOf } from '#lib/model/topic.ts'
import { Cursor } from '#lib/stages/context.ts'

interface V {
  readonly id: string
  readonly n: unknown
}
const target = (name: string, partitions: number): TargetTopic => {
  const spec = specOf(topic(name, { key: 'id', time: 'record-timestamp', value: json(value => value as V) }))
  return { spec, partitions, writer: openWriter(spec.value, null) }
}
const v = (id: string, n: unknown): V => ({ id, n })

/** By topic and partition, the numbers that were written there. */
function taken(outbox: Outbox): Record<string, unknown[]> {
  return Object.fromEntries(
    outbox.take().map(({ topic: name, partition, columns }) => {
      const batch = new RecordBatch(name, partition, 0, columns)
      const values = Array.from({ length: batch.count }, (_, i) => (JSON.parse(batch.value(i)!.toString()) as V).n)
      return [`${name}/${partition}`, values]
    }),
  )
}

test('S6.1: what was written since the beginning of a record is taken back, in every partition, and nothing before it', () => {
  const outbox = new Outbox()
  const wide = new TopicSender(outbox, target('wide', 4), new Cursor())
  const narrow = new TopicSender(outbox, target('narrow', 1), new Cursor())
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  outbox.begin()
  for (const id of ids) wide.send(v(id, 1))
  narrow.send(v('a', 1))
  outbox.begin()
  for (const id of ids) wide.send(v(id, 2))
  for (const id of ids) wide.send(v(id, 3))
  narrow.send(v('a', 2))
  outbox.rollback()
  outbox.begin()
  narrow.send(v('a', 4))
  const all = taken(outbox)
  assert.deepEqual(all['narrow/0'], [1, 4])
  const partitions = Object.keys(all).filter(place => place.startsWith('wide/'))
  assert.ok(partitions.length > 1, 'several partitions')
  assert.deepEqual(
    partitions.flatMap(place => all[place]!),
    ids.map(() => 1),
  )
})

test('S6.1: a record that is refused while it is written leaves nothing behind, the next one takes its place', () => {
  const outbox = new Outbox()
  const sender = new TopicSender(outbox, target('out', 1), new Cursor())
  for (const n of [1, 2n, 3, 4n, 5]) {
    outbox.begin()
    try {
      sender.send(v('a', n))
    } catch {
      outbox.rollback()
    }
  }
  assert.deepEqual(taken(outbox), { 'out/0': [1, 3, 5] })
})

test('what was taken for a commit is never taken back, and a partition without records is not written', () => {
  const outbox = new Outbox()
  const sender = new TopicSender(outbox, target('out', 1), new Cursor())
  assert.ok(outbox.empty)
  outbox.begin()
  sender.send(v('a', 1))
  assert.ok(!outbox.empty)
  assert.deepEqual(taken(outbox), { 'out/0': [1] })
  assert.ok(outbox.empty)
  outbox.rollback()
  sender.send(v('a', 2))
  outbox.rollback()
  assert.ok(outbox.empty)
  assert.deepEqual(taken(outbox), {})
  for (let n = 0; n < 100; n++) sender.send(v('a', n))
  assert.deepEqual(taken(outbox)['out/0']!.length, 100)
})
