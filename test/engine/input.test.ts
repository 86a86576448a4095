// What a task knows of an input: whether there is more of it is known only from a fetch of the same turn.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TaskInput } from '#lib/engine/input.ts'
import { InputTime } from '#lib/engine/input-time.ts'
import { TopicWriter } from '#lib/engine/topic-writer.ts'
import { specOf } from '#lib/model/topic.ts'
import { StreamClock } from '#lib/stages/window/clock.ts'
import { directPorts } from '#lib/testing/simulation/world.ts'
import { e, events } from '../semantics/jobs.ts'

test('S2.3: records that were fetched in an earlier turn do not say that the input is caught up once they are computed', async () => {
  const ports = directPorts()
  const spec = specOf(events)
  const writer = new TopicWriter(ports, { id: 'outside', partitions: 1 })
  const write = (...at: number[]) =>
    writer.write(
      spec,
      at.map(t => ({ value: e('a', t), time: 0 })),
    )
  await write(1, 2, 3)
  const clock = new StreamClock()
  const input = new TaskInput({
    spec,
    partition: 0,
    pipeline: { push: () => {}, tombstone: null, clock },
    time: new InputTime({ clock, marks: null, idleAfterMs: 'never', now: 0 }),
    reader: await ports.log.reader(spec.name, 0, 0),
    registry: ports.registry,
    fields: 'whole',
    position: 0,
  })
  const state = (): string => (input.caughtUp ? (input.ended ? 'caught up, ended' : 'caught up') : 'behind')
  await input.fill(1_000)
  assert.equal(state(), 'behind', 'three are at hand')
  input.computed(2)
  await write(4)
  await input.fill(1_000) // the next turn: one is still at hand
  input.computed(3)
  assert.equal(input.current(), null)
  assert.equal(state(), 'behind', 'a fourth has come since the log was asked')
  await input.fill(1_000)
  input.computed(1)
  assert.equal(state(), 'caught up, ended')
  await input.fill(1_000)
  assert.equal(state(), 'caught up, ended')
})
