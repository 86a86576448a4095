import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isMillraceError, MillraceError } from '#lib/model/errors.ts'
import { CALM, type CallFault } from '#lib/testing/simulation/faults.ts'
import type { DrawPoint } from '#lib/testing/simulation/judgement.ts'
import { Scheduler } from '#lib/testing/simulation/scheduler.ts'
import { calm, drawnOut, drawnTo, striking, watched, withRates } from './drawn.ts'
import { toyRun } from './toy.ts'

const lost = (what: string): Error => new MillraceError('LOG_UNAVAILABLE', what)

describe('draws', () => {
  test('equal seeds give equal traces to the last line, different seeds different ones', async () => {
    const traceOf = async (seed: number): Promise<string[]> => {
      const lines: string[] = []
      await toyRun(seed, null, 300, { trace: line => lines.push(line) })
      return lines
    }
    const traces = await Promise.all([1, 1, 2].map(traceOf))
    assert.ok(traces[0]!.length > 300)
    assert.deepEqual(traces[1], traces[0])
    assert.notDeepEqual(traces[2], traces[0])
  })

  test('a trace changes nothing', async () => {
    const [traced, plain] = [await toyRun(5, null, 300, { trace: () => {} }), await toyRun(5, null, 300)]
    assert.deepEqual([...traced.simulation.tally.counts], [...plain.simulation.tally.counts])
    assert.equal(traced.simulation.draws, plain.simulation.draws)
  })

  test('a call waits before its effect and again before its reply, one draw each', async () => {
    const simulation = calm()
    let effects = 0
    const seen = watched(simulation.call(simulation.process('p'), 'x', () => ++effects))
    assert.deepEqual([effects, seen.state], [0, 'pending'])
    assert.equal(await simulation.step(), true)
    assert.deepEqual([effects, seen.state], [1, 'pending'])
    assert.equal(await simulation.step(), true)
    assert.deepEqual([effects, seen.value], [1, 1])
    assert.equal(await simulation.step(), false)
  })

  test('an error of the effect is the error of the call', async () => {
    const simulation = calm()
    const call = simulation.call(simulation.process('p'), 'x', () => {
      throw new MillraceError('TOPIC_UNKNOWN', 'there is none')
    })
    await assert.rejects(drawnTo(simulation, call), error => isMillraceError(error) && error.code === 'TOPIC_UNKNOWN')
  })

  test('everything that follows from a draw has happened before the next one', async () => {
    const simulation = calm()
    let depth = 0
    void simulation
      .call(simulation.process('p'), 'x', () => {})
      .then(async () => {
        for (let i = 0; i < 1_000; i++) await Promise.resolve()
        depth = 1_000
      })
    await simulation.step()
    await simulation.step()
    assert.equal(depth, 1_000)
  })

  test('two processes interleave in every possible way over the seeds', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 200; seed++) {
      const simulation = calm(seed)
      let order = ''
      for (const name of ['a', 'b']) {
        const process = simulation.process(name)
        void simulation.call(process, 'x', () => void (order += name)).then(() => void (order += name.toUpperCase()))
      }
      await drawnOut(simulation)
      orders.add(order)
    }
    assert.deepEqual([...orders].sort(), ['aAbB', 'abAB', 'abBA', 'bBaA', 'baAB', 'baBA'])
  })
})

describe('faults of a call', () => {
  const cases: readonly (readonly [CallFault, DrawPoint['stage'], string, number])[] = [
    ['request lost', 'request', 'there is no effect, and the caller sees an error', 0],
    ['reply lost', 'reply', 'the effect has happened, and the caller sees an error', 1],
  ]
  for (const [fault, stage, sentence, expected] of cases)
    test(`${fault}: ${sentence}`, async () => {
      const simulation = striking(fault, 'x', stage)
      let effects = 0
      const seen = watched(simulation.call(simulation.process('p'), 'x', () => ++effects, lost))
      await drawnOut(simulation)
      assert.deepEqual([effects, seen.code], [expected, 'LOG_UNAVAILABLE'])
      assert.equal(simulation.tally.of(fault), 1)
    })

  test('reply lost: the caller does not learn of an error of the effect either', async () => {
    const simulation = striking('reply lost', 'x', 'reply')
    const refuses = (): never => {
      throw new MillraceError('TOPIC_UNKNOWN', 'there is none')
    }
    const seen = watched(simulation.call(simulation.process('p'), 'x', refuses, lost))
    await drawnOut(simulation)
    assert.equal(seen.code, 'LOG_UNAVAILABLE')
  })

  test('lands late: the caller sees an error, and the effect happens after it', async () => {
    const simulation = striking('lands late', 'x', 'request')
    let effects = 0
    const process = simulation.process('p')
    const seen = watched(simulation.call(process, 'x', () => ++effects, lost))
    await simulation.run(() => seen.state !== 'pending')
    assert.deepEqual([effects, seen.code], [0, 'LOG_UNAVAILABLE'])
    await drawnOut(simulation)
    assert.equal(effects, 1)
  })

  test('delay: others pass what was sent before them', async () => {
    const simulation = striking('delay', 'x', 'request')
    const process = simulation.process('p')
    const order: string[] = []
    const call = watched(simulation.call(process, 'x', () => order.push('delayed')))
    await simulation.step() // the delay
    const others = (async () => {
      for (let i = 0; i < 3; i++) await simulation.call(process, 'y', () => order.push('other'))
    })()
    await drawnTo(simulation, others)
    await drawnOut(simulation)
    assert.deepEqual(order, ['other', 'other', 'other', 'delayed'])
    assert.equal(call.state, 'fulfilled')
  })

  test('pause: a process stands still while others go on, then goes on itself', async () => {
    const simulation = striking('pause', 'x', 'reply')
    const [still, other] = [simulation.process('still'), simulation.process('other')]
    const call = watched(simulation.call(still, 'x', () => {}))
    await simulation.run(() => still.pausedUntil > 0)
    for (let i = 0; i < 5; i++)
      await drawnTo(
        simulation,
        simulation.call(other, 'y', () => {}),
      )
    assert.equal(call.state, 'pending')
    await drawnOut(simulation)
    assert.equal(call.state, 'fulfilled')
  })

  test('a call that cannot be lost is not, and a fault that cannot strike is refused', async () => {
    const simulation = new Scheduler(1, { faults: CALM, decide: p => (p.possible.includes('kill') ? 'request lost' : null) })
    void simulation.call(simulation.process('p'), 'x', () => {})
    await assert.rejects(
      simulation.run(() => false),
      /'request lost' is not possible at x as a request/,
    )
  })

  test('an outage fails every request to its server until it is over, and no other', async () => {
    const simulation = calm()
    const [one, two] = [simulation.process('one'), simulation.process('two')]
    simulation.outage = { of: 'log.', for: one }
    const codes = [
      watched(simulation.call(one, 'log.x', () => {}, lost)),
      watched(simulation.call(one, 'cache.x', () => {}, lost)),
      watched(simulation.call(two, 'log.x', () => {}, lost)),
      watched(simulation.call(one, 'log.arrived', () => {})),
    ]
    await drawnOut(simulation)
    assert.deepEqual(
      codes.map(c => c.code),
      ['LOG_UNAVAILABLE', undefined, undefined, undefined],
    )
    simulation.outage = null
    await drawnTo(
      simulation,
      simulation.call(one, 'log.x', () => {}, lost),
    )
  })
})

describe('kill', () => {
  test('no continuation of a dead process ever runs, and nothing it calls afterwards happens', async () => {
    const simulation = calm()
    const process = simulation.process('p')
    const ports = simulation.ports(process)
    const told: string[] = []
    let effects = 0
    const tell = (what: string) => (): void => void told.push(what)
    void simulation.call(process, 'x', () => {}).then(tell('call'))
    void ports.clock.sleep(5).then(tell('sleep'))
    void ports.cache.stamp('t').then(tell('port'))
    process.kill()
    process.kill()
    assert.equal(process.dead, true)
    void simulation.call(process, 'x', () => ++effects).then(tell('call of the dead'))
    void ports.clock.sleep(1).then(tell('sleep of the dead'))
    await drawnOut(simulation)
    assert.deepEqual([told, effects], [[], 0])
    assert.deepEqual(simulation.alive, [])
  })

  test('a reply on its way to a dead process is dropped although its effect has happened', async () => {
    const simulation = striking('kill', 'x', 'reply')
    const process = simulation.process('p')
    let effects = 0
    const seen = watched(simulation.call(process, 'x', () => ++effects))
    await drawnOut(simulation)
    assert.deepEqual([effects, seen.state, process.dead], [1, 'pending', true])
  })

  test('a request of a process that dies arrives in some seeds and is lost in others', async () => {
    const effects: number[] = []
    for (let seed = 1; seed <= 40; seed++) {
      const simulation = striking('kill', 'x', 'request', seed)
      let happened = 0
      const seen = watched(simulation.call(simulation.process('p'), 'x', () => ++happened))
      await drawnOut(simulation)
      assert.equal(seen.state, 'pending')
      effects.push(happened)
    }
    assert.deepEqual([...new Set(effects)].sort(), [0, 1])
  })

  test('a spawned process lives again with new ports after a kill, until its body ends', async () => {
    const simulation = calm()
    const clients = new Set<unknown>()
    let finish = false
    const inhabitant = simulation.spawn('p', async ({ cache, clock }) => {
      clients.add(cache)
      while (!finish) await clock.sleep(10)
    })
    for (let life = 1; life <= 3; life++) {
      await simulation.run(() => inhabitant.state === 'runs' && inhabitant.lives === life)
      assert.equal(String(inhabitant.process), `p.${life}`)
      inhabitant.process.kill()
      assert.equal(inhabitant.state, 'dead')
    }
    finish = true
    await drawnOut(simulation)
    assert.deepEqual([inhabitant.state, inhabitant.lives, clients.size], ['ended', 4, 4])
    inhabitant.process.kill()
    await drawnOut(simulation)
    assert.equal(inhabitant.lives, 4)
  })

  test('what a spawned body throws ends the run with seed and draw', async () => {
    const simulation = calm(77)
    simulation.spawn('p', async ({ clock }) => {
      await clock.sleep(1)
      throw new RangeError('a defect')
    })
    await assert.rejects(
      simulation.run(() => false),
      error => isMillraceError(error) && error.code === 'INTERNAL' && /^seed 77, draw \d+: a defect$/.test(error.message),
    )
  })
})

describe('runs', () => {
  test('a run ends when its condition holds, at its limit, or when nothing is left', async () => {
    const simulation = calm()
    let effects = 0
    const process = simulation.process('p')
    const work = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) await simulation.call(process, 'x', () => ++effects)
    }
    void work(100)
    assert.equal(await simulation.run(() => effects >= 10), 'reached')
    assert.equal(effects, 10)
    const before = simulation.draws
    assert.equal(await simulation.run(() => false, { limit: 7 }), 'limit')
    assert.equal(simulation.draws, before + 7)
    assert.equal(await simulation.run(() => false), 'quiet')
    assert.equal(effects, 100)
  })

  test('a check is made after every draw, and what it throws names seed and draw', async () => {
    const simulation = calm(9)
    const process = simulation.process('p')
    let [effects, checks] = [0, 0]
    void (async () => {
      for (;;) await simulation.call(process, 'x', () => ++effects)
    })()
    const check = (): void => {
      checks++
      if (effects === 3) throw new RangeError('three')
    }
    await assert.rejects(
      simulation.run(() => false, { check }),
      /^MillraceError: seed 9, draw 5: three$/,
    )
    assert.equal(checks, 6)
  })

  test('after calm() no fault strikes, and what was held back or stood still goes on', async () => {
    const simulation = withRates(3, { delay: 0.5, pause: 0.2, 'request lost': 0.2 })
    const processes = ['a', 'b', 'c'].map(name => simulation.process(name))
    const calls = processes.flatMap(p => Array.from({ length: 20 }, () => watched(simulation.call(p, 'x', () => {}, lost))))
    await simulation.run(() => false, { limit: 40 })
    simulation.calm()
    const faults = [...simulation.tally.counts.values()].reduce((sum, n) => sum + n, 0)
    assert.ok(faults > 10)
    await drawnOut(simulation)
    assert.ok(calls.every(c => c.state !== 'pending'))
    assert.equal(
      [...simulation.tally.counts.values()].reduce((sum, n) => sum + n, 0),
      faults,
    )
  })
})
