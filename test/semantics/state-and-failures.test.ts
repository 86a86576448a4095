// The rules of state and failures (S5, S6), each by a small job run on the real engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { map as rxMap, take } from 'rxjs'
import {
  aggregate,
  filter,
  flatMap,
  from,
  keyBy,
  map,
  millis,
  minutes,
  processor,
  rx,
  scan,
  stampWith,
  tap,
  tee,
  topic,
  tumbling,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type E, codec, events, copies, results, lines, e, window, folds, result, brief, code } from './jobs.ts'

test('S5.2: state outlives its time to live in event time by nothing', async () => {
  const p = processor(
    'forgetful',
    from(events)
      .pipe(
        scan('s', {
          version: 1,
          ttl: millis(10),
          initial: () => 0,
          next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: String(s + x.v) }] }),
        }),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0), e('a', 10), e('a', 20), e('a', 31))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['1', '2', '3', '1'],
  )
})

test('S5.6: rx() runs real operators; an error inside refuses the record, and the chain goes on', async () => {
  const p = processor(
    'reactive',
    from(events)
      .pipe(
        rx(
          rxMap(x => {
            if (x.v === 2) throw new Error('two')
            return { k: x.k, text: String(x.v) }
          }),
        ),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 0, 2), e('a', 0, 3))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['1', '3'],
  )
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage, d.offset]),
    [['USER_FUNCTION_FAILED', 'rx', 1]],
  )
})

test('S5.6: a chain that completes would end the stream: its record is refused', async () => {
  const p = processor(
    'ending',
    from(events)
      .pipe(
        rx(take(1)),
        map(x => ({ k: x.k, text: String(x.v) })),
      )
      .to(lines),
    { breaker: 'off' },
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 0, 2))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    ['RX_COMPLETED', 'RX_COMPLETED'],
  )
})

test('S6.1, S6.2: a refused record leaves no trace in state or output, and one dead letter with its bytes', async () => {
  const seen: number[] = []
  const flow = from(events, { idle: 'never' })
  const p = processor('refusing', [
    flow.pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result)).to(results),
    flow
      .pipe(
        tee(copies),
        flatMap(x => [x, x]),
        scan('s', { version: 1, ttl: null, initial: () => 0, next: (s, x) => ({ state: s + 1, emit: [{ ...x, v: s + 1 }] }) }),
        tap(x => seen.push(x.v)),
        filter(x => {
          if (x.k === 'bad' && x.v === 2) throw new TypeError('second of bad')
          return true
        }),
        map(x => ({ k: x.k, text: String(x.v) })),
      )
      .to(lines),
  ])
  const driven = await drive(p)
  await driven.push(events, e('ok', 1), e('bad', 2), e('ok', 3), e('bad', 4))
  await driven.drain()
  assert.deepEqual((await driven.results(results)).map(brief), ['ok@0 n=2 drain'])
  assert.deepEqual(
    (await driven.results(lines)).map(l => `${l.k} ${l.text}`),
    ['ok 1', 'ok 2', 'ok 3', 'ok 4'],
  )
  assert.deepEqual(
    (await driven.results(copies)).map(x => x.k),
    ['ok', 'ok'],
  )
  assert.deepEqual(seen, [1, 2, 1, 2, 3, 4, 1, 2], 'the state of the refused record was put back')
  const letters = await driven.deadLetters(p)
  assert.deepEqual(
    letters.map(d => [d.code, d.stage, d.topic, d.offset]),
    [
      ['USER_FUNCTION_FAILED', 'filter', 'events', 1],
      ['USER_FUNCTION_FAILED', 'filter', 'events', 3],
    ],
  )
  assert.deepEqual(JSON.parse(letters[0]!.value!), e('bad', 2))
})

test("S6.1: the verdict 'skip' leaves nothing, 'stop' stops the task with the record's error", async () => {
  const throwing = (verdict: 'skip' | 'stop') =>
    processor(
      verdict,
      from(events)
        .pipe(
          map(x => {
            if (x.v < 0) throw new RangeError('below zero')
            return { k: x.k, text: String(x.v) }
          }),
        )
        .to(lines),
      { onFailure: { process: verdict } },
    )
  const driven = await drive(throwing('skip'))
  await driven.push(events, e('a', 0, -1), e('a', 0, 1))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['1'],
  )
  assert.deepEqual(await driven.deadLetters(throwing('skip')), [])
  const stopping = await drive(throwing('stop'))
  assert.equal(await code(() => stopping.push(events, e('a', 0, 1), e('a', 0, -1))), 'USER_FUNCTION_FAILED')
  assert.deepEqual(await stopping.results(lines), [], 'nothing of the epoch was committed')
})

test('S6.1: a refused result is its own dead letter; the record that closed the window counts', async () => {
  const p = processor(
    'picky',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('w', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        map(w => {
          if (w.key === 'bad') throw new Error('no such key')
          return result(w)
        }),
      )
      .to(results),
    { onFailure: { produce: 'dead-letter' } },
  )
  const driven = await drive(p)
  await driven.push(events, e('bad', 1), e('ok', 2), e('ok', 17))
  await driven.drain()
  assert.deepEqual((await driven.results(results)).map(brief), ['ok@0 n=1 close', 'ok@10 n=1 drain'])
  const [letter] = await driven.deadLetters(p)
  assert.deepEqual([letter!.code, letter!.stage, JSON.parse(letter!.value!).key], ['USER_FUNCTION_FAILED', 'map', 'bad'])
})

test('S6.4: the breaker stops a task that refuses more than its share', async () => {
  const p = processor(
    'stormy',
    from(events)
      .pipe(
        map(x => {
          if (x.v < 0) throw new Error('bad')
          return { k: x.k, text: '' }
        }),
      )
      .to(lines),
    { breaker: { share: 0.2, of: 100 } },
  )
  const mixed = (bad: number, good: number): E[] => [
    ...Array.from({ length: good }, () => e('a', 0, 1)),
    ...Array.from({ length: bad }, () => e('a', 0, -1)),
  ]
  const calm = await drive(p)
  await calm.push(events, ...mixed(49, 1))
  assert.equal((await calm.deadLetters(p)).length, 49, 'fewer than fifty never stop a task')
  assert.equal(await code(() => calm.push(events, ...mixed(5, 0))), 'DEAD_LETTER_STORM')
})

test('keyBy: a key that is not the key field of the via topic is refused', async () => {
  const p = processor(
    'rekeyed',
    from(events)
      .pipe(
        keyBy(x => `${x.k}!`, { via: copies }),
        map(x => ({ k: x.k, text: '' })),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    ['KEY_DIFFERS'],
  )
})

test('S2.5: behind a repartition a fast partition does not make a slow one late', async () => {
  const grouped = topic('by-group', { key: 'k', time: 'at', value: codec })
  const p = processor(
    'regrouped',
    from(events, { idle: 'never' })
      .pipe(
        keyBy(x => x.k, { via: grouped }),
        tumbling('w', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        map(result),
      )
      .to(results),
  )
  const driven = await drive(p, { partitions: 2, tuning: { markEveryMs: 0 } })
  const here = ['a', 'b', 'c', 'd', 'e', 'f']
  await driven.push(events, ...here.map(k => e(k, 1)))
  await driven.push(events, e('a', 90_000)) // one partition runs far ahead
  await driven.push(events, ...here.filter(k => k !== 'a').map(k => e(k, 2)))
  const others = (await driven.results(results)).length
  assert.equal(others, 0, 'the other partition holds stream time back')
  await driven.drain()
  const all = (await driven.results(results)).filter(r => r.start === 0)
  assert.equal(all.reduce((n, r) => n + r.n, 0) + driven.late.length, here.length * 2 - 1)
  const late = new Set(driven.late.map(l => l.window))
  assert.ok(late.size <= 1)
})

test('S5.1: stored state of other stages is refused, naming the stage', async () => {
  assert.throws(
    () =>
      processor('twins', [
        from(events)
          .pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result))
          .to(results),
        from(copies)
          .pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result))
          .to(results),
      ]),
    { code: 'PLAN_DUPLICATE_NAME' },
  )
})

test('the time of what follows is what stampWith says', async () => {
  const p = processor(
    'stamped',
    from(events, { idle: 'never' })
      .pipe(
        stampWith(x => x.at + minutes(1)),
        tumbling('w', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        map(result),
      )
      .to(results),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 1))
  await driven.drain()
  assert.deepEqual(
    (await driven.results(results)).map(r => r.start),
    [60_000],
  )
})
