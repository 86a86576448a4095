import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BEGINNING, ManualClock } from '#lib/testing/simulation/clock.ts'
import { SeededRandom } from '#lib/testing/simulation/random.ts'
import { Timers } from '#lib/testing/simulation/timers.ts'
import { calm, drawnOut, drawnTo, withRates } from './drawn.ts'

describe('virtual time', () => {
  test('sleeps end in the order of their times, none before its time, and time jumps when nothing else is left', async () => {
    const simulation = calm()
    const { clock } = simulation.ports(simulation.process('p'))
    const woken: [number, number][] = []
    for (const ms of [3_600_000, 5, 500, 50, 0]) void clock.sleep(ms).then(() => woken.push([ms, clock.now() - BEGINNING]))
    await drawnOut(simulation)
    assert.deepEqual(
      woken.map(([ms]) => ms),
      [0, 5, 50, 500, 3_600_000],
    )
    assert.ok(woken.every(([ms, now]) => now >= ms && now <= ms + 20))
    assert.ok(simulation.draws <= 5)
  })

  test('an abort ends a sleep at once, before or after its time, and leaves nothing behind', async () => {
    const simulation = calm()
    const { clock } = simulation.ports(simulation.process('p'))
    await clock.sleep(1_000, AbortSignal.abort())
    const stop = new AbortController()
    const slept = clock.sleep(1_000_000, stop.signal)
    stop.abort()
    await slept
    await drawnOut(simulation)
    assert.ok(simulation.time < 1_000_000)
    const never = clock.sleep(Number.POSITIVE_INFINITY, new AbortController().signal)
    await drawnOut(simulation)
    assert.ok(Number.isFinite(simulation.time))
    void never
  })

  test('while there is other work a hurry ends short sleeps often and long ones seldom', async () => {
    const woken = { short: 0, long: 0 }
    for (let seed = 1; seed <= 30; seed++) {
      const simulation = withRates(seed, { hurry: 0.05 })
      const { clock } = simulation.ports(simulation.process('p'))
      void clock.sleep(1_000).then(() => woken.short++)
      void clock.sleep(60_000).then(() => woken.long++)
      void (async () => {
        for (;;) await clock.breathe()
      })()
      await simulation.run(() => false, { limit: 100 })
    }
    assert.ok(woken.short > 15 && woken.long < 15 && woken.long < woken.short, JSON.stringify(woken))
  })

  test('F11: a wall clock may jump or stand still; sleeps take as long as before, and other processes keep their time', async () => {
    const simulation = calm()
    const [p, q] = [simulation.process('p'), simulation.process('q')]
    const [clock, other] = [simulation.ports(p).clock, simulation.ports(q).clock]
    p.skew = -3_600_000
    assert.equal(other.now() - clock.now(), 3_600_000)
    p.frozenAt = simulation.time
    const frozen = clock.now()
    await drawnTo(simulation, clock.sleep(5_000))
    assert.ok(simulation.time >= 5_000 && simulation.time < 5_100)
    assert.equal(clock.now(), frozen)
    simulation.calm()
    assert.equal(clock.now(), other.now() - 3_600_000)
  })
})

describe('a clock that a test moves', () => {
  test('time stands still until it is moved; sleepers wake in order, each at its time, with what follows from it', async () => {
    const clock = new ManualClock(1_000)
    const woken: string[] = []
    const sleeper = async (name: string, ms: number, again: number): Promise<void> => {
      for (let n = 0; n < again; n++) {
        await clock.sleep(ms)
        woken.push(`${name} ${clock.now()}`)
      }
    }
    void sleeper('a', 30, 3)
    void sleeper('b', 50, 1)
    await clock.breathe()
    assert.deepEqual([woken, clock.next()], [[], 1_030])
    await clock.advance(70)
    assert.deepEqual(woken, ['a 1030', 'b 1050', 'a 1060'])
    assert.equal(clock.now(), 1_070)
    await clock.advance(20)
    assert.equal(woken.at(-1), 'a 1090')
    assert.equal(clock.next(), null)
  })

  test("a jump changes the wall time and nobody's sleep", async () => {
    const clock = new ManualClock(0)
    let woken = false
    void clock.sleep(100).then(() => (woken = true))
    clock.jump(-5_000)
    assert.deepEqual([clock.now(), clock.next()], [-5_000, -4_900])
    await clock.advance(99)
    assert.equal(woken, false)
    await clock.advance(1)
    assert.equal(woken, true)
  })

  test('an abort ends a sleep and its timer', async () => {
    const clock = new ManualClock(0)
    const stop = new AbortController()
    const slept = clock.sleep(100, stop.signal)
    stop.abort()
    await slept
    await clock.sleep(100, stop.signal)
    assert.equal(clock.next(), null)
  })
})

test('timers come out by time, among equals in the order of setting, without the cancelled ones', () => {
  const random = new SeededRandom(3)
  const timers = new Timers<number>()
  const set = Array.from({ length: 300 }, (_, i) => ({ i, due: random.below(40), timer: undefined as unknown as { cancelled: boolean } }))
  for (const s of set) s.timer = timers.set(s.due, s.i)
  for (const s of set) if (s.i % 3 === 0) s.timer.cancelled = true
  timers.cancelWhere(i => i % 3 === 1 && i > 150)
  const expected = set.filter(s => s.i % 3 !== 0 && !(s.i % 3 === 1 && s.i > 150)).sort((a, b) => a.due - b.due || a.i - b.i)
  const taken: number[] = []
  for (let time = 0; time < 40; time++) for (let i = timers.take(time); i !== null; i = timers.take(time)) taken.push(i)
  assert.deepEqual(
    taken,
    expected.map(s => s.i),
  )
})

describe('seeded chance', () => {
  test('equal seeds give equal streams, neighbouring ones different; UUIDs are version 4 and differ', () => {
    const stream = (seed: number): number[] => {
      const random = new SeededRandom(seed)
      return Array.from({ length: 20 }, () => random.below(1_000))
    }
    assert.deepEqual(stream(7), stream(7))
    assert.equal(new Set(Array.from({ length: 100 }, (_, seed) => stream(seed).join())).size, 100)
    const random = new SeededRandom(1)
    const uuids = Array.from({ length: 1_000 }, () => random.uuid())
    assert.ok(uuids.every(u => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u)))
    assert.equal(new Set(uuids).size, 1_000)
  })
  test('numbers fill their range evenly', () => {
    const random = new SeededRandom(11)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 20_000; i++) counts[random.between(5, 14) - 5]!++
    assert.ok(
      counts.every(n => n > 1_800 && n < 2_200),
      counts.join(),
    )
    assert.throws(() => random.pick([]), { code: 'INTERNAL' })
  })
})
