// The simulated log has Kafka's shape where it differs from a local one: open data in the log, markers that come later, epochs, stale leaders.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TransactionalProducer } from '#lib/ports/record-log.ts'
import { CALM, type CallFault } from '#lib/testing/simulation/faults.ts'
import type { DrawPoint } from '#lib/testing/simulation/judgement.ts'
import { committedRecords } from '#lib/testing/simulation/oracle.ts'
import { Simulation } from '#lib/testing/simulation/simulation.ts'
import type { SimulatedPorts } from '#lib/testing/simulation/world.ts'
import { calm, drawnOut, drawnTo, striking, watched, write } from './drawn.ts'

const never = (): AbortSignal => new AbortController().signal
const offsets = (next: number) => ({ group: 'g', metadata: `m${next}`, offsets: [{ topic: 't', partition: 0, next }] })

interface Opened {
  readonly simulation: Simulation
  readonly ports: SimulatedPorts
  readonly producer: TransactionalProducer
}
async function opened(simulation: Simulation = calm()): Promise<Opened> {
  simulation.world.broker.createTopic({ name: 't', partitions: 2, retention: 'forever' })
  const ports = simulation.ports(simulation.process('p'))
  const producer = ports.log.producer('id')
  await drawnTo(simulation, producer.fence())
  return { simulation, ports, producer }
}
const values = ({ world }: Simulation, partition = 0): string[] =>
  committedRecords(world.broker, 't', partition).map(r => r.value!.toString())
/** Draws until the broker has just done something at this point. */
const drawnPast = (simulation: Simulation, holds: () => boolean) => simulation.run(holds, { limit: 1_000 })

describe('transactions', () => {
  test('data is in the log before it is decided, and hidden: the last stable offset stays below it', async () => {
    const { simulation, producer } = await opened()
    const partition = simulation.world.broker.partition('t', 0)
    const commit = producer.commit({ writes: [write('t', 0, 'a', 'b')] })
    await drawnPast(simulation, () => partition.end === 2)
    assert.deepEqual(partition.bounds(), { start: 0, stable: 0, end: 2 })
    assert.deepEqual(
      partition.read(0, 1_000, all => all),
      { from: 0, next: 0, batches: [], caughtUp: false },
    )
    await drawnTo(simulation, commit)
    await drawnOut(simulation)
    assert.deepEqual(partition.bounds(), { start: 0, stable: 3, end: 3 }, 'the marker takes an offset')
    assert.deepEqual(values(simulation), ['a', 'b'])
  })

  test('an open transaction hides what others have committed after it', async () => {
    const { simulation, ports, producer } = await opened()
    const partition = simulation.world.broker.partition('t', 0)
    const other = ports.log.producer('other')
    await drawnTo(simulation, other.fence())
    let held: Promise<unknown> = Promise.resolve()
    const first = new Promise<void>(resolve => {
      held = producer.commit({ writes: [write('t', 0, 'open'), write('t', 1, 'x')] }).then(() => resolve())
    })
    await drawnPast(simulation, () => partition.end === 1)
    const second = watched(other.commit({ writes: [write('t', 0, 'done')] }))
    let hidden = false
    await drawnPast(simulation, () => {
      hidden ||= second.state === 'fulfilled' && partition.stable === 0
      return second.state === 'fulfilled'
    })
    await drawnTo(simulation, Promise.all([first, held]))
    await drawnOut(simulation)
    assert.deepEqual(values(simulation), ['open', 'done'])
  })

  test('aborted records and markers leave gaps, and a read may move on without records', async () => {
    const { simulation, ports, producer } = await opened()
    const partition = simulation.world.broker.partition('t', 0)
    void producer.commit({ writes: [write('t', 0, 'aborted', 'aborted')] }).catch(() => {})
    await drawnPast(simulation, () => partition.end === 2)
    const next = ports.log.producer('id')
    await drawnTo(simulation, next.fence())
    await drawnTo(simulation, next.commit({ writes: [write('t', 0, 'kept')] }))
    await drawnOut(simulation)
    assert.deepEqual(
      committedRecords(simulation.world.broker, 't', 0).map(r => [r.offset, r.value!.toString(), r.writer.epoch]),
      [[3, 'kept', 2]],
    )
    const fetched = partition.read(0, 1_000, all => all)
    assert.deepEqual([fetched.next, fetched.batches.length, fetched.caughtUp], [5, 1, true])
    assert.deepEqual(
      partition.read(4, 1_000, all => all),
      { from: 4, next: 5, batches: [], caughtUp: true },
    )
  })

  test('K6, I2: an acknowledged commit is decided, but markers and group offsets may come later, one by one', async () => {
    const seen = { beforeAll: 0, torn: 0, staleOffset: 0 }
    for (let seed = 1; seed <= 60; seed++) {
      const { simulation, producer } = await opened(calm(seed))
      await drawnTo(simulation, producer.commit({ offsets: offsets(7), writes: [write('t', 0, 'a'), write('t', 1, 'b')] }))
      const visible = values(simulation, 0).length + values(simulation, 1).length
      if (visible === 0) seen.beforeAll++
      if (visible === 1) seen.torn++
      if (simulation.world.broker.committed('g', 't', 0) === null) seen.staleOffset++
      await drawnOut(simulation)
      assert.deepEqual([values(simulation, 0), values(simulation, 1)], [['a'], ['b']])
      assert.deepEqual(simulation.world.broker.committed('g', 't', 0), { next: 7, metadata: 'm7' })
    }
    assert.ok(seen.beforeAll > 0 && seen.torn > 0 && seen.staleOffset > 0, JSON.stringify(seen))
  })

  test('a fence resolves only when the last transaction is settled, markers and offsets too', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { simulation, ports, producer } = await opened(calm(seed))
      await drawnTo(simulation, producer.commit({ offsets: offsets(7), writes: [write('t', 0, 'a'), write('t', 1, 'b')] }))
      await drawnTo(simulation, ports.log.producer('id').fence())
      assert.deepEqual([values(simulation, 0), values(simulation, 1)], [['a'], ['b']])
      assert.equal(simulation.world.broker.committed('g', 't', 0)?.next, 7)
    }
  })

  test('an open transaction that is not ended within 15 s is aborted, and its owner is fenced by it', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const decide = (p: DrawPoint): CallFault | null => (p.point === 'log.end' && p.stage === 'request' && p.draw < 40 ? 'delay' : null)
      const simulation = new Simulation(seed, { faults: { ...CALM, hurry: 1 }, decide })
      simulation.spawn('sleeper', async ({ clock }) => {
        for (let i = 0; i < 500; i++) await clock.sleep(100)
      })
      const { producer } = await opened(simulation)
      const began = simulation.time
      const commit = watched(producer.commit({ writes: [write('t', 0, 'a'), write('t', 1, 'a')] }))
      await simulation.run(() => commit.state !== 'pending')
      const timedOut = simulation.tally.of('transaction timed out') === 1
      assert.equal(commit.code, timedOut ? 'PRODUCER_FENCED' : undefined)
      if (timedOut) assert.ok(simulation.time - began >= 15_000)
      await drawnOut(simulation)
      assert.deepEqual([...values(simulation, 0), ...values(simulation, 1)], timedOut ? [] : ['a', 'a'])
      assert.ok([0, 1].every(p => simulation.world.broker.partition('t', p).stable === simulation.world.broker.partition('t', p).end))
      outcomes.add(timedOut ? 'aborted' : 'committed')
    }
    assert.deepEqual([...outcomes].sort(), ['aborted', 'committed'])
  })
})

describe('zombies', () => {
  test('a delayed EndTxn of an old epoch is refused: what the fence aborted stays aborted', async () => {
    const simulation = striking('delay', 'log.end', 'request')
    const { ports, producer } = await opened(simulation)
    const commit = watched(producer.commit({ offsets: offsets(1), writes: [write('t', 0, 'zombie')] }))
    await drawnPast(simulation, () => simulation.tally.of('delay') === 1)
    const owner = ports.log.producer('id')
    await drawnTo(simulation, owner.fence())
    await drawnTo(simulation, owner.commit({ writes: [write('t', 0, 'owner')] }))
    assert.equal(commit.state, 'pending')
    await drawnOut(simulation)
    assert.equal(commit.code, 'PRODUCER_FENCED')
    assert.deepEqual(values(simulation), ['owner'])
    assert.equal(simulation.world.broker.committed('g', 't', 0), null)
  })

  test('an EndTxn that lands late decides: committed if it comes before the fence, aborted if after; the caller never knows', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const simulation = striking('lands late', 'log.end', 'request', seed)
      const { ports, producer } = await opened(simulation)
      const commit = watched(producer.commit({ writes: [write('t', 0, 'a')] }))
      await drawnPast(simulation, () => commit.state !== 'pending')
      assert.equal(commit.code, 'COMMIT_UNKNOWN')
      if (seed % 2 === 0) await drawnOut(simulation)
      await drawnTo(simulation, ports.log.producer('id').fence())
      const settled = values(simulation)
      await drawnOut(simulation)
      assert.deepEqual(values(simulation), settled, 'never later')
      outcomes.add(settled.join())
    }
    assert.deepEqual([...outcomes].sort(), ['', 'a'])
  })

  const fates: readonly (readonly [string, CallFault, DrawPoint['stage'], readonly string[]])[] = [
    ['log.begin', 'request lost', 'request', []],
    ['log.begin', 'reply lost', 'reply', []],
    ['log.append', 'request lost', 'request', []],
    ['log.append', 'reply lost', 'reply', []],
    ['log.end', 'request lost', 'request', []],
    ['log.end', 'reply lost', 'reply', ['a', 'b']],
  ]
  for (const [point, fault, stage, expected] of fates)
    test(`COMMIT_UNKNOWN: ${fault} at ${point} leaves ${expected.length === 0 ? 'nothing' : 'all of it'}, and the handle is dead`, async () => {
      const simulation = striking(fault, point, stage)
      const { ports, producer } = await opened(simulation)
      const commit = watched(producer.commit({ offsets: offsets(1), writes: [write('t', 0, 'a'), write('t', 1, 'b')] }))
      await drawnPast(simulation, () => commit.state !== 'pending')
      assert.equal(commit.code, 'COMMIT_UNKNOWN')
      await assert.rejects(producer.commit({ writes: [] }), { code: 'PRODUCER_FENCED' })
      await drawnTo(simulation, ports.log.producer('id').fence())
      assert.deepEqual([...values(simulation, 0), ...values(simulation, 1)], expected)
      assert.equal(simulation.world.broker.committed('g', 't', 0)?.next, expected.length === 0 ? undefined : 1)
    })

  test('two calls at once on one handle are a defect of the caller, and said to be', async () => {
    const { simulation, producer } = await opened()
    const first = watched(producer.commit({ writes: [write('t', 0, 'a')] }))
    await assert.rejects(producer.commit({ writes: [write('t', 0, 'b')] }), { code: 'INTERNAL' })
    await drawnOut(simulation)
    assert.equal(first.state, 'fulfilled')
  })
})

describe('leaders, deletions, groups', () => {
  test('after a leader move bounds lag behind and a reader is not caught up, until the next append or until the leader knows', async () => {
    const { simulation, ports, producer } = await opened()
    const partition = simulation.world.broker.partition('t', 0)
    for (const value of ['a', 'b', 'c']) await drawnTo(simulation, producer.commit({ writes: [write('t', 0, value)] }))
    await drawnOut(simulation)
    partition.moveLeader(3)
    assert.deepEqual(partition.bounds(), { start: 0, stable: 3, end: 3 })
    const reader = await drawnTo(simulation, ports.log.reader('t', 0, 0))
    const stale = await drawnTo(simulation, reader.fetch(1 << 20))
    assert.deepEqual([stale.next, stale.caughtUp], [3, false])
    const arrived = watched(reader.arrived(never()))
    await drawnOut(simulation)
    assert.equal(arrived.state, 'pending')
    partition.learnEnd()
    await drawnOut(simulation)
    assert.equal(arrived.state, 'fulfilled')
    assert.deepEqual((await drawnTo(simulation, reader.fetch(1 << 20))).next, 6)

    partition.moveLeader(4)
    const { baseOffsets } = await drawnTo(simulation, producer.commit({ writes: [write('t', 0, 'barrier')] }))
    assert.ok(partition.bounds().end > baseOffsets[0]!, "nothing is stale behind a reader's own barrier")
  })

  test('a deletion whose reply never came may happen long after', async () => {
    const simulation = striking('lands late', 'log.deleteRecords', 'request')
    const { ports, producer } = await opened(simulation)
    await drawnTo(simulation, producer.commit({ writes: [write('t', 0, 'a', 'b')] }))
    const deletion = watched(ports.log.deleteRecords('t', 0, 1))
    await drawnPast(simulation, () => deletion.state !== 'pending')
    assert.deepEqual([deletion.code, simulation.world.broker.partition('t', 0).start], ['LOG_UNAVAILABLE', 0])
    await drawnOut(simulation)
    assert.equal(simulation.world.broker.partition('t', 0).start, 1)
  })

  test('a disk that is full refuses commits, topics and deletions, and nothing was written', async () => {
    const { simulation, ports, producer } = await opened()
    simulation.world.broker.disk = 'full'
    const calls: readonly Promise<unknown>[] = [
      producer.commit({ writes: [write('t', 0, 'a')] }),
      ports.log.createTopic({ name: 'new', partitions: 1, retention: 'forever' }),
      ports.log.deleteRecords('t', 0, 0),
    ]
    const refused = calls.map(c => watched(c))
    await drawnOut(simulation)
    assert.deepEqual(
      refused.map(r => r.code),
      ['DISK_FULL', 'DISK_FULL', 'DISK_FULL'],
    )
    simulation.world.broker.disk = 'free'
    assert.equal(simulation.world.broker.partition('t', 0).end, 0)
  })

  test('the numbers of a dead member go to the others after its session, those of one that left at once', async () => {
    const simulation = calm()
    const told = new Map<string, readonly number[]>()
    const [a, b, c] = ['a', 'b', 'c'].map(name => simulation.process(name))
    const joining = [a, b, c].map(p => simulation.ports(p!).log.join('g', 4, numbers => void told.set(p!.name, numbers)))
    const memberships = await drawnTo(simulation, Promise.all(joining))
    await drawnOut(simulation)
    assert.deepEqual([...told.values()].flat().sort(), [0, 1, 2, 3])
    told.delete('a')
    a!.kill()
    assert.equal(await simulation.run(() => [...told.values()].flat().length === 4), 'reached')
    assert.ok(simulation.time >= 2_000)
    told.delete('b')
    await drawnTo(simulation, memberships[1]!.leave())
    await drawnOut(simulation)
    assert.deepEqual(told.get('c'), [0, 1, 2, 3])
  })

  test('an evicted member still believes in its numbers while another is given them: two owners at once', async () => {
    const simulation = new Simulation(1, { faults: { ...CALM, 'member evicted': 0.05 } })
    const told = new Map<string, readonly number[]>()
    const joining = ['a', 'b'].map(name =>
      simulation.ports(simulation.process(name)).log.join('g', 2, numbers => void told.set(name, numbers)),
    )
    let both = false
    void Promise.all(joining)
    const awake = simulation.spawn('awake', async ({ clock }) => {
      for (let i = 0; i < 200; i++) await clock.sleep(100)
    })
    await simulation.run(() => (both ||= [...told.values()].flat().length > 2), { limit: 2_000 })
    assert.ok(both && awake.state === 'runs')
    simulation.calm()
    await drawnOut(simulation)
    assert.deepEqual([...told.values()].flat().sort(), [0, 1], 'when calm every number belongs to one')
  })
})
