// What befalls the world does what it says, and comes to an end by itself.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CALM, type FaultRates, HAVOC, swarm, type WorldFault } from '#lib/testing/simulation/faults.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'
import { SeededRandom } from '#lib/testing/simulation/random.ts'
import { Simulation } from '#lib/testing/simulation/simulation.ts'
import { directPorts, type SimulatedPorts, World } from '#lib/testing/simulation/world.ts'
import { drawnOut, write } from './drawn.ts'

/** Sleeps, or does what `course` says, in a simulation where this fault strikes at one draw in ten, or as often as `rate` says; tells after every draw what `seen` sees. */
async function observed(
  fault: WorldFault,
  seed: number,
  prepare: (s: Simulation) => void,
  seen: (s: Simulation, ports: SimulatedPorts) => string,
  rate = 0.1,
  course: (ports: SimulatedPorts) => Promise<unknown> = ({ clock }) => clock.sleep(100),
) {
  const simulation = new Simulation(seed, { faults: { ...CALM, [fault]: rate } })
  prepare(simulation)
  const ports = simulation.ports(simulation.process('p'))
  void (async () => {
    for (let i = 0; i < 60; i++) await course(ports)
  })()
  const states = new Set([seen(simulation, ports)])
  await simulation.run(() => false, { limit: 60, check: () => states.add(seen(simulation, ports)) })
  assert.ok(simulation.tally.of(fault) > 0)
  simulation.calm()
  await drawnOut(simulation)
  return { states, after: seen(simulation, ports) }
}
const applied = ({ world: { cache } }: Simulation): void => {
  for (let i = 1; i <= 5; i++)
    cache.apply('task', { expect: i === 1 ? null : String(i - 1), landed: [], stamp: String(i), replace: false }, [
      ['s', 'k', Buffer.from([i])],
    ])
}
const cached = ({ world: { cache } }: Simulation): string =>
  `${cache.stamp('task')} ${cache.content('task')?.stores.get('s')?.get('k')?.[0]}`
const read = ({ cache }: SimulatedPorts): Promise<unknown> => cache.read('task', 's', [Buffer.from('k')])

describe('faults of the world', () => {
  test('F6 cache rolled back: always to something that it was, stamp and entries together', async () => {
    const all = new Set<string>()
    for (let seed = 1; seed <= 20; seed++)
      for (const state of (await observed('cache rolled back', seed, applied, cached, 0.5, read)).states) all.add(state)
    assert.deepEqual([...all].sort(), ['1 1', '2 2', '3 3', '4 4', '5 5', 'null undefined'])
  })

  test('F6 cache lost: stamp and entries together', async () => {
    const { states } = await observed('cache lost', 1, applied, cached)
    assert.deepEqual([...states], ['5 5', 'null undefined'])
  })

  test('F11 clock jump: forwards, backwards, and standing still; virtual time goes on', async () => {
    const seen = { forwards: 0, backwards: 0, still: 0 }
    for (let seed = 1; seed <= 20; seed++) {
      let [wall, time] = [0, -1]
      await observed(
        'clock jump',
        seed,
        () => {},
        (simulation, { clock }) => {
          const now = clock.now() - BEGINNING
          const passed = simulation.time - time
          if (time >= 0 && now - wall > passed + 1_000) seen.forwards++
          if (time >= 0 && now < wall) seen.backwards++
          if (time >= 0 && now === wall && passed > 50) seen.still++
          ;[wall, time] = [now, simulation.time]
          return ''
        },
      )
    }
    assert.ok(seen.forwards > 5 && seen.backwards > 5 && seen.still > 5, JSON.stringify(seen))
  })

  test('F5 leader move: just after a commit the end that is told lies behind the truth for a while', async () => {
    const writing = (s: Simulation): void => {
      s.world.broker.createTopic({ name: 't', partitions: 1, retention: 'forever' })
      const producer = s.ports(s.process('writer')).log.producer('id')
      void (async () => {
        await producer.fence()
        for (let i = 0; i < 8; i++) await producer.commit({ writes: [write('t', 0, 'a')] })
      })()
    }
    const told = (s: Simulation): string => {
      const partition = s.world.broker.partition('t', 0)
      return partition.bounds().end < partition.end ? 'behind' : 'true'
    }
    const { states, after } = await observed('leader move', 1, writing, told, 0.7)
    assert.deepEqual([...states].sort(), ['behind', 'true'])
    assert.equal(after, 'true')
  })

  test('F16 disk full and outages end by themselves', async () => {
    const disk = await observed(
      'disk full',
      1,
      () => {},
      s => s.world.broker.disk,
    )
    assert.deepEqual([[...disk.states], disk.after], [['free', 'full'], 'free'])
    const reached = new Set<string>()
    for (let seed = 1; seed <= 30; seed++) {
      const outage = await observed(
        'outage',
        seed,
        () => {},
        s => (s.outage === null ? '' : `${s.outage.of}${s.outage.for?.name ?? '*'}`),
      )
      for (const state of outage.states) reached.add(state)
      assert.equal(outage.after, '')
    }
    const servers = ['cache.', 'log.', 'registry.', 'tables.'].flatMap(s => [`${s}*`, `${s}p`])
    assert.deepEqual([...reached].sort(), ['', ...servers])
  })
})

test('a swarm makes seeds of different kinds: each fault is absent in some and frequent in others', () => {
  const rates = Array.from({ length: 60 }, (_, seed) => swarm(new SeededRandom(seed), HAVOC))
  for (const kind of Object.keys(HAVOC) as (keyof FaultRates)[]) {
    const values = new Set(rates.map(r => r[kind]))
    assert.deepEqual(
      [...values].sort((a, b) => a - b),
      [0, HAVOC[kind], HAVOC[kind] * 3],
      kind,
    )
  }
})

test('without a scheduler ports share one world, answer at once, and time moves only when it is told to', async () => {
  const world = new World()
  const [one, two] = [directPorts(world), directPorts(world)]
  await one.log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
  const producer = one.log.producer('id')
  await producer.fence()
  await producer.commit({ writes: [write('t', 0, 'a')] })
  const reader = await two.log.reader('t', 0, 0)
  assert.equal((await reader.fetch(1_000)).caughtUp, true)
  await one.cache.apply('t', { expect: null, landed: [], stamp: '1', replace: false, entries: [] })
  assert.equal(await two.cache.stamp('t'), '1')
  assert.equal(await one.registry.register('s', 'string'), 1)
  assert.equal(await two.registry.schema(1), 'string')
  await one.tables.position('s', 't', 0, 7)
  assert.equal(await two.tables.position('s', 't', 0, 0), 7)
  await one.clock.advance(1_000)
  assert.equal(one.clock.now() - two.clock.now(), 1_000)
})
