// The values of an Observable into their topic: in order, all of them, until it ends.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat, EMPTY, from as rxFrom, map as rxMap, NEVER, Observable, of, Subject, throwError } from 'rxjs'
import { from, fromObservable, isMillraceError, json, map, type MillraceError, processor, topic } from '#lib/index.ts'
import { TopicWriter } from '#lib/engine/topic-writer.ts'
import { specOf } from '#lib/model/topic.ts'
import { ObservablePump } from '#lib/rx/observable-pump.ts'
import { observableOf } from '#lib/stages/from-observable.ts'
import { drive } from '#lib/testing/driver.ts'
import { committedRecords } from '#lib/testing/simulation/oracle.ts'
import { directPorts, World } from '#lib/testing/simulation/world.ts'

interface Click {
  readonly user: string
  readonly n: number
}
const click = json(value => value as Click)
const clicked = (n: number, user = 'ann'): Click => ({ user, n })
const coded = (code: string) => (error: unknown) => isMillraceError(error) && error.code === code

/** A pump of an Observable into topic `clicks`, over a log in which everything happens at once. */
function pumping(clicks$: Observable<Click>, o: { buffer?: number; refused?: 'stop' | 'skip' } = {}) {
  const world = new World()
  const ports = directPorts(world)
  const clicks = fromObservable('clicks', clicks$, { value: click, key: 'user', time: 'record-timestamp', partitions: 1, ...o })
  const source = observableOf(specOf(clicks as never))!
  const writer = new TopicWriter(ports, { id: 'app.clicks.source', partitions: 1 })
  const refused: MillraceError[] = []
  const pump = new ObservablePump({ source, writer, clock: ports.clock, refused: error => refused.push(error) })
  pump.start()
  const committed = (): readonly number[] =>
    world.broker.topic('clicks') === null
      ? []
      : committedRecords(world.broker, 'clicks', 0).map(r => (JSON.parse(r.value!.toString()) as Click).n)
  return { pump, world, ports, committed, refused }
}
/** Transactions that were written to the topic. */
const transactions = (world: World): number => world.broker.coordinator.transactions.length

test('values are committed in their order, those of one go in one transaction, under the time of their coming', async () => {
  const clicks = new Subject<Click>()
  const { pump, world, ports, committed } = pumping(clicks)
  const now = ports.clock.now()
  for (let n = 0; n < 5; n++) clicks.next(clicked(n))
  await pump.flush()
  assert.deepEqual(committed(), [0, 1, 2, 3, 4])
  assert.equal(transactions(world), 1)
  assert.deepEqual(new Set(committedRecords(world.broker, 'clicks', 0).map(r => r.time)), new Set([now]))
  clicks.next(clicked(5))
  await pump.flush()
  assert.deepEqual([committed().length, transactions(world)], [6, 2])
})
test('an Observable that emits everything at once and completes is committed to its last value', async () => {
  const { pump, committed, world } = pumping(rxFrom(Array.from({ length: 2_500 }, (_, n) => clicked(n))))
  await pump.ended
  assert.deepEqual(
    committed(),
    Array.from({ length: 2_500 }, (_, n) => n),
  )
  assert.equal(transactions(world), 3)
  await pump.flush()
})
test('one that completes without a value, and one that never says anything', async () => {
  const { pump, committed } = pumping(EMPTY)
  await pump.ended
  assert.deepEqual(committed(), [])
  const silent = pumping(NEVER)
  await silent.pump.flush()
  silent.pump.unsubscribe()
})
test('what comes while a commit is under way goes into the next one; unsubscribed, it hears nothing more', async () => {
  const clicks = new Subject<Click>()
  const { pump, committed } = pumping(clicks)
  clicks.next(clicked(0))
  await Promise.resolve()
  await Promise.resolve()
  clicks.next(clicked(1))
  await pump.flush()
  pump.unsubscribe()
  clicks.next(clicked(2))
  await pump.flush()
  assert.deepEqual(committed(), [0, 1])
  assert.equal(clicks.observed, false)
})

describe('an error of the Observable', () => {
  test('is SOURCE_FAILED with it as the cause, when everything that came before is committed', async () => {
    const broken = new Error('the wire was cut')
    const { pump, committed } = pumping(
      concat(
        rxFrom([0, 1, 2]).pipe(rxMap(n => clicked(n))),
        throwError(() => broken),
      ),
    )
    const error = await pump.ended.then(
      () => assert.fail('it completed'),
      (e: unknown) => e as MillraceError,
    )
    assert.deepEqual([error.code, error.where, error.cause], ['SOURCE_FAILED', { topic: 'clicks' }, broken])
    assert.match(error.message, /'clicks' ended with an error: the wire was cut/)
    assert.deepEqual(committed(), [0, 1, 2])
    await assert.rejects(pump.flush(), coded('SOURCE_FAILED'))
  })
})
describe('a full buffer', () => {
  test('ends the source with SOURCE_OVERFLOW; what came before is committed, the rest is not listened to', async () => {
    let asked = 0
    const fast = new Observable<Click>(subscriber => {
      for (let n = 0; n < 10 && !subscriber.closed; n++) {
        asked++
        subscriber.next(clicked(n))
      }
    })
    const { pump, committed } = pumping(fast, { buffer: 4 })
    await assert.rejects(pump.ended, coded('SOURCE_OVERFLOW'))
    assert.deepEqual(committed(), [0, 1, 2, 3])
    assert.ok(asked >= 5)
  })
  test('is one that waits: what is committed makes room', async () => {
    const clicks = new Subject<Click>()
    const { pump, committed } = pumping(clicks, { buffer: 2 })
    for (let n = 0; n < 10; n += 2) {
      clicks.next(clicked(n))
      clicks.next(clicked(n + 1))
      await pump.flush()
    }
    assert.equal(committed().length, 10)
  })
})
describe('a value that the topic cannot hold', () => {
  const keyless = { user: null as unknown as string, n: 2 }
  test('ends the source with its own error; those before it are committed, those behind it are not', async () => {
    const { pump, committed } = pumping(of(clicked(0), clicked(1), keyless, clicked(3)))
    await assert.rejects(pump.ended, coded('KEY_MISSING'))
    assert.deepEqual(committed(), [0, 1])
    await assert.rejects(pump.flush(), coded('KEY_MISSING'))
  })
  test("is left out and told where the source says 'skip'", async () => {
    const { pump, committed, refused } = pumping(of(clicked(0), keyless, clicked(2), keyless, clicked(4)), { refused: 'skip' })
    await pump.ended
    assert.deepEqual(committed(), [0, 2, 4])
    assert.deepEqual(
      refused.map(r => r.code),
      ['KEY_MISSING', 'KEY_MISSING'],
    )
  })
})
test('while the disk is full values wait; when there is room they are committed once, in order', async () => {
  const clicks = new Subject<Click>()
  const { pump, world, ports, committed } = pumping(clicks)
  clicks.next(clicked(0))
  await pump.flush()
  world.broker.disk = 'full'
  for (let n = 1; n < 4; n++) {
    clicks.next(clicked(n))
    await ports.clock.advance(1_000)
  }
  assert.deepEqual(committed(), [0])
  world.broker.disk = 'free'
  await ports.clock.advance(60_000)
  await pump.flush()
  assert.deepEqual(committed(), [0, 1, 2, 3])
})

test('elsewhere the source is a topic like any other: the test driver pushes into it and subscribes to nothing', async () => {
  let subscriptions = 0
  const clicks = fromObservable('clicks', new Observable<Click>(() => void subscriptions++), {
    value: click,
    key: 'user',
    time: 'record-timestamp',
  })
  const doubled = topic('doubled', { value: click, key: 'user', time: 'record-timestamp' })
  const driven = await drive(
    processor(
      'doubling',
      from(clicks)
        .pipe(map(c => ({ ...c, n: 2 * c.n })))
        .to(doubled),
    ),
  )
  assert.deepEqual((await driven.push(clicks, clicked(21))).of(doubled), [clicked(42)])
  assert.equal(subscriptions, 0)
  await driven.stop()
})
test('a source that cannot be is refused where it is written', () => {
  const o = { value: click, key: 'user', time: 'record-timestamp' } as const
  assert.throws(() => fromObservable('no name', NEVER, o), coded('TOPIC_INVALID'))
  assert.throws(() => fromObservable('clicks', [] as never, o), coded('PLAN_INVALID'))
  for (const buffer of [0, -1, 1.5, NaN]) assert.throws(() => fromObservable('clicks', NEVER, { ...o, buffer }), coded('PLAN_INVALID'))
})
