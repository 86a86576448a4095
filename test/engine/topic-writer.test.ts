// Values from outside: each call one transaction, in order, exactly once whatever becomes of its requests.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { avro, isMillraceError, json, type Topic, topic } from '#lib/index.ts'
import { TopicWriter } from '#lib/engine/topic-writer.ts'
import { partitionOf } from '#lib/model/key.ts'
import { specOf } from '#lib/model/topic.ts'
import { Simulation } from '#lib/testing/simulation/simulation.ts'
import type { CallFault } from '#lib/testing/simulation/faults.ts'
import { committedRecords } from '#lib/testing/simulation/oracle.ts'
import { directPorts, World } from '#lib/testing/simulation/world.ts'

interface Event {
  readonly k: string
  readonly at: number
}
const events = topic('events', { key: 'k', time: 'at', value: json(value => value as Event), partitions: 2 })
const other = topic('other', { key: 'k', time: 'record-timestamp', value: json(value => value as Event) })
const strict = topic('strict', {
  key: 'k',
  time: 'at',
  value: avro({
    type: 'record',
    name: 'Strict',
    fields: [
      { name: 'k', type: 'string' },
      { name: 'at', type: 'long' },
    ],
  }),
})
const OPTIONS = { id: 'writer', partitions: 3 }
const coded = (code: string) => (error: unknown) => isMillraceError(error) && error.code === code
const timed = (...values: readonly unknown[]) => values.map(value => ({ value, time: 77 }))
const specs = (t: Topic<never, unknown>) => specOf(t)

/** All committed values of a topic, by partition. */
function committed(world: World, name: string, partitions: number): readonly unknown[] {
  return Array.from({ length: partitions }, (_, p) =>
    committedRecords(world.broker, name, p).map(r => JSON.parse(r.value!.toString()) as unknown),
  ).flat()
}

test('topics are made as they are described, values lie where their keys live, records have the time that their topic declares', async () => {
  const world = new World()
  const ports = directPorts(world)
  const writer = new TopicWriter(ports, OPTIONS)
  await writer.write(specs(events as never), timed({ k: 'a', at: 5 }, { k: 'b', at: 6 }))
  await writer.write(specs(other as never), timed({ k: 'a', at: 5 }))
  assert.deepEqual(
    (await ports.log.topics()).map(t => [t.name, t.partitions]),
    [
      ['events', 2],
      ['other', 3],
    ],
  )
  const places = [0, 1, 2].map(p => committedRecords(world.broker, 'other', p).map(r => [r.key!.toString(), r.time]))
  const home = partitionOf(Buffer.from('a'), 3)
  assert.deepEqual(
    places,
    [0, 1, 2].map(p => (p === home ? [['a', 77]] : [])),
  )
  const times = [0, 1].flatMap(p => committedRecords(world.broker, 'events', p).map(r => r.time))
  assert.deepEqual(times.toSorted(), [5, 6])
  await writer.close()
})
test('of values of which one is refused none is written, and the writer goes on', async () => {
  const world = new World()
  const ports = directPorts(world)
  const writer = new TopicWriter(ports, OPTIONS)
  const write = (...values: unknown[]) => writer.write(specs(strict as never), timed(...values))
  await assert.rejects(write({ k: 'a', at: 1 }, { k: 'b', at: 'soon' }), coded('VALUE_REFUSED'))
  await assert.rejects(write({ k: null, at: 1 }), coded('KEY_MISSING'))
  await write()
  assert.deepEqual(Array.from({ length: 3 }, (_, p) => committedRecords(world.broker, 'strict', p)).flat(), [])
  await write({ k: 'a', at: 1 })
  assert.equal(Array.from({ length: 3 }, (_, p) => committedRecords(world.broker, 'strict', p)).flat().length, 1)
  await writer.close()
})
test('a record that the log cannot take is refused, and the next one is written', async () => {
  const world = new World()
  const writer = new TopicWriter(directPorts(world), OPTIONS)
  await assert.rejects(
    writer.write(specs(events as never), timed({ k: 'a', at: 1, text: 'x'.repeat(2_000_000) })),
    coded('RECORD_TOO_LARGE'),
  )
  await writer.write(specs(events as never), timed({ k: 'a', at: 2 }))
  assert.deepEqual(committed(world, 'events', 2), [{ k: 'a', at: 2 }])
  await writer.close()
})
test('a writer that closes writes what it was given, once more and without waiting; then nothing', async () => {
  const world = new World()
  const ports = directPorts(world)
  const writer = new TopicWriter(ports, OPTIONS)
  const write = (at: number) => writer.write(specs(events as never), timed({ k: 'a', at }))
  await write(1)
  const [second, third] = [write(2), write(3)]
  await writer.close()
  await Promise.all([second, third])
  await assert.rejects(write(4), coded('LOG_UNAVAILABLE'))
  assert.deepEqual(
    committed(world, 'events', 2).map(e => (e as Event).at),
    [1, 2, 3],
  )
})
test('what a closing writer cannot write fails with the reason', async () => {
  const world = new World()
  const ports = directPorts(world)
  const writer = new TopicWriter(ports, OPTIONS)
  await writer.write(specs(events as never), timed({ k: 'a', at: 1 }))
  world.broker.disk = 'full'
  const waiting = writer.write(specs(events as never), timed({ k: 'a', at: 2 }))
  waiting.catch(() => {})
  for (let turns = 0; turns < 5; turns++) await ports.clock.breathe()
  await writer.close()
  await assert.rejects(waiting, coded('DISK_FULL'))
  assert.deepEqual(committed(world, 'events', 2), [{ k: 'a', at: 1 }])
})
test('it waits while the disk is full, and goes on by itself', async () => {
  const world = new World()
  const ports = directPorts(world)
  const writer = new TopicWriter(ports, OPTIONS)
  world.broker.disk = 'full'
  const written = writer.write(specs(events as never), timed({ k: 'a', at: 1 }))
  for (let i = 0; i < 5; i++) await ports.clock.advance(10_000)
  world.broker.disk = 'free'
  await ports.clock.advance(10_000)
  await written
  assert.deepEqual(committed(world, 'events', 2), [{ k: 'a', at: 1 }])
  await writer.close()
})

describe('exactly once, in order, whatever becomes of its requests', () => {
  const VALUES = Array.from({ length: 8 }, (_, i) => ({ k: 'a', at: i }))

  /** Writes all of them in calls of two while requests and replies are lost or late; never by a kill, which ends what a process was asked for. */
  async function writing(seed: number, decide?: (draw: number) => CallFault | null): Promise<{ world: World; faults: number }> {
    let faults = 0
    const simulation = new Simulation(seed, {
      decide: ({ draw, possible }) => {
        const fault = decide === undefined ? null : decide(draw)
        if (fault === null || !possible.includes(fault)) return null
        faults++
        return fault
      },
    })
    let state: 'writing' | 'written' = 'writing'
    simulation.spawn('writer', async ports => {
      const writer = new TopicWriter(ports, OPTIONS)
      const calls = [0, 2, 4, 6].map(i => writer.write(specs(events as never), timed(...VALUES.slice(i, i + 2))))
      await Promise.all(calls)
      state = 'written'
    })
    const end = await simulation.run(() => state === 'written', { limit: 20_000 })
    assert.equal(end, 'reached', `seed ${seed}`)
    simulation.calm()
    await simulation.run(() => simulation.world.broker.partitions.every(p => p.stable === p.end), { limit: 5_000 })
    return { world: simulation.world, faults }
  }
  for (const fault of ['request lost', 'reply lost', 'lands late'] as const)
    test(`a ${fault} at any draw`, async () => {
      let strikes = 0
      for (let at = 1; at <= 120; at++) {
        const { world, faults } = await writing(at, draw => (draw === at ? fault : null))
        strikes += faults
        assert.deepEqual(committed(world, 'events', 2), VALUES, `${fault} at draw ${at}`)
      }
      assert.ok(strikes > 10, `only ${strikes} of the faults could strike`)
    })
  test('any of them again and again', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const kinds = ['request lost', 'reply lost', 'lands late'] as const
      const { world } = await writing(seed, draw => ((draw * 2_654_435_761 + seed * 97) % 11 === 0 ? kinds[draw % 3]! : null))
      assert.deepEqual(committed(world, 'events', 2), VALUES, `seed ${seed}`)
    }
  })
})
