// S5.6: what rx() refuses, and when. What it does is in test/semantics.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  asyncScheduler,
  bufferCount,
  concatMap,
  defer,
  delay,
  distinctUntilChanged,
  filter as rxFilter,
  map as rxMap,
  merge as rxMerge,
  mergeMap,
  observeOn,
  of,
  type OperatorFunction,
  pairwise,
  scan as rxScan,
  startWith,
  take,
  tap as rxTap,
} from 'rxjs'
import { from, insertOnly, integer, isMillraceError, map, type MillraceError, processor, rx, table, text } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type E, e, events, lines } from '../semantics/jobs.ts'

const chained = (op: OperatorFunction<E, E>) =>
  processor(
    'chained',
    from(events)
      .pipe(
        rx(op),
        map(x => ({ k: x.k, text: String(x.v) })),
      )
      .to(lines),
    { breaker: 'off' },
  )
const INPUT = [e('a', 0, 1), e('a', 0, 2), e('b', 0, 2), e('a', 0, 3)]

/** What stops the task; null when nothing does. */
async function refused(op: OperatorFunction<E, E>, rxMode: 'compared' | 'run' = 'compared'): Promise<MillraceError | null> {
  const driven = await drive(chained(op), { tuning: { rx: rxMode } })
  try {
    await driven.push(events, ...INPUT)
    assert.ok((await driven.results(lines)).length > 0)
    return null
  } catch (error) {
    assert.ok(isMillraceError(error))
    assert.deepEqual(await driven.results(lines), [], 'nothing of the epoch was committed')
    return error
  } finally {
    await driven.stop()
  }
}
const code = async (op: OperatorFunction<E, E>, mode?: 'run'): Promise<string | undefined> => (await refused(op, mode))?.code

describe('S5.6: RX_STATEFUL: the driver runs each chain record by record on fresh subscriptions', () => {
  test('the error names the stage, the first record that differs, and what was made of it in both runs', async () => {
    const error = await refused(rxScan((sum: E, x: E) => ({ ...x, v: sum.v + x.v })))
    assert.equal(error!.code, 'RX_STATEFUL')
    assert.match(
      error!.message,
      /rx\(\) \(stage 1 of the plan\) made \{ k: 'a'.* v: 3 \} of the record events\/0@1, but \{.* v: 2 \} on a fresh/,
    )
    const { processor: name, stage, topic, partition, offset } = error!.where
    assert.deepEqual([name, stage, topic, partition, offset], ['chained', 'rx', 'events', 0, 1])
  })
  for (const [what, op] of [
    ['remembers the last value', distinctUntilChanged((a: E, b: E) => a.v === b.v)],
    ['counts', rxMap((x: E, i: number) => ({ ...x, v: i }))],
    ['gathers', bufferCount(2) as unknown as OperatorFunction<E, E>],
    ['pairs', pairwise() as unknown as OperatorFunction<E, E>],
    ['closes over a variable', ((n: number) => rxMap((x: E) => ({ ...x, v: (n += x.v) })))(0)],
  ] as const)
    test(`a chain that ${what} is refused`, async () => assert.equal(await code(op), 'RX_STATEFUL'))
  test('a chain that remembers only how it fails is refused as well', async () => {
    const third = rxMap((x: E, i: number) => {
      if (i === 2) throw new Error('third')
      return x
    })
    const error = await refused(third)
    assert.match(error!.message, /made nothing and the error 'third' of the record events\/0@2/)
  })
  test('a chain without memory runs as it is: what it drops, multiplies and refuses is the same', async () => {
    const stateless: OperatorFunction<E, E> = source =>
      source.pipe(
        rxFilter(x => x.v < 3),
        concatMap(x => of(x, { ...x, v: -x.v })),
        mergeMap(x => defer(() => of(x))),
        rxTap(() => {}),
      )
    const driven = await drive(chained(stateless))
    await driven.push(events, ...INPUT)
    assert.deepEqual(
      (await driven.results(lines)).map(l => l.text),
      ['1', '-1', '2', '-2', '2', '-2'],
    )
    await driven.stop()
  })
  test('outside of tests nobody compares', async () =>
    assert.equal(
      await code(
        rxScan((_: E, x: E) => ({ ...x, v: 9 })),
        'run',
      ),
      undefined,
    ))
})

describe('S5.6: RX_ASYNC_EMISSION: a chain that waits ends the task before anything of the epoch is committed', () => {
  for (const [what, op] of [
    ['a timer', delay(1)],
    ['a promise', mergeMap(async (x: E) => x)],
    ['a scheduler', observeOn(asyncScheduler)],
    ['a microtask', rxTap(() => queueMicrotask(() => {}))],
  ] as const) {
    test(`${what} is found where it is started, whether it emits later or not`, async () => {
      const error = await refused(op as OperatorFunction<E, E>, 'run')
      assert.equal(error!.code, 'RX_ASYNC_EMISSION')
      assert.match(error!.message, /started work in its turn that goes on after it \((Timeout|PROMISE|Microtask)\)/)
    })
  }
  test('what it starts after its first 256 records is found when it emits', async () => {
    let records = 0
    const late: OperatorFunction<E, E> = mergeMap(x => (++records <= 256 ? of(x) : Promise.resolve(x)))
    const driven = await drive(chained(late), { tuning: { rx: 'run' } })
    await driven.push(events, ...Array.from({ length: 256 }, () => e('a', 0)))
    await assert.rejects(
      driven.push(events, e('a', 0)),
      (error: unknown) => isMillraceError(error) && error.code === 'RX_ASYNC_EMISSION' && /emitted outside its turn/.test(error.message),
    )
    await driven.stop()
  })
  test('what later stages start is theirs', async () => {
    const promising = processor(
      'promising',
      from(events)
        .pipe(
          rx(rxMap((x: E) => x)),
          map(x => {
            void Promise.resolve()
            return { k: x.k, text: String(x.v) }
          }),
        )
        .to(lines),
    )
    const driven = await drive(promising, { tuning: { rx: 'run' } })
    assert.equal((await driven.push(events, ...INPUT)).of(lines).length, 4)
    await driven.stop()
  })
  test('a value that a chain emits on its own, before any record, is refused', async () => {
    await assert.rejects(
      drive(chained(startWith(e('a', 0)))),
      (error: unknown) => isMillraceError(error) && error.code === 'RX_ASYNC_EMISSION',
    )
  })
  test('a loader stops as well, and loads nothing', async () => {
    const rows = table('rows', { columns: { k: text, v: integer }, key: ['k'] })
    const loading = processor(
      'loading',
      from(events)
        .pipe(rx(delay(1)))
        .to(insertOnly(rows, (x: E) => ({ k: x.k, v: x.v }), { duplicate: 'skip' })),
    )
    const driven = await drive(loading)
    await assert.rejects(driven.push(events, ...INPUT), (error: unknown) => isMillraceError(error) && error.code === 'RX_ASYNC_EMISSION')
    assert.deepEqual(driven.rows(rows), [])
    await driven.stop()
  })
})

test('S5.6: a chain may read its input in several places: each hears of every record, in the order of writing', async () => {
  const parted: OperatorFunction<E, E> = input =>
    rxMerge(
      input.pipe(rxFilter(x => x.v > 1)),
      input.pipe(rxMap(x => ({ ...x, v: -x.v }))),
      input.pipe(rxMap(x => ({ ...x, v: x.v * 10 }))),
    )
  for (const rxMode of ['compared', 'run'] as const) {
    const driven = await drive(chained(parted), { tuning: { rx: rxMode } })
    await driven.push(events, e('a', 0, 1), e('b', 0, 2))
    assert.deepEqual(
      (await driven.results(lines)).map(l => `${l.k}${l.text}`),
      ['a-1', 'a10', 'b2', 'b-2', 'b20'],
      rxMode,
    )
    await driven.stop()
  }
})

test('S5.6: RX_COMPLETED: a chain that completes refuses its record, compared or not, and the next one has a new chain', async () => {
  for (const mode of ['compared', 'run'] as const) {
    const p = chained(take(1))
    const driven = await drive(p, { tuning: { rx: mode } })
    const { deadLetters } = await driven.push(events, ...INPUT)
    assert.deepEqual(
      deadLetters.map(d => [d.code, d.stage, d.offset]),
      INPUT.map((_, i) => ['RX_COMPLETED', 'rx', i]),
    )
    await driven.stop()
  }
})
