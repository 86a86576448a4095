// stage(): the door for stages of users' own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, count, days, filter, from, type Key, map, millis, type OwnContext, processor, stage, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { Lives } from '../engine/lives.ts'
import { code, e, type E, events, lines, window } from '../semantics/jobs.ts'

const everyNth = <T, K extends Key>(name: string, n: number, ttl = days(1)) =>
  stage<T, K, T, number>({
    step: 'every-nth',
    name,
    version: 1,
    ttl,
    open:
      ({ emit, state, drop }) =>
      value => {
        const seen = (state.get() ?? 0) + 1
        if (seen < n) {
          state.set(seen)
          drop()
        } else {
          state.forget()
          emit(value)
        }
      },
  })
const told = map((x: E) => ({ k: x.k, text: `${x.k}${x.v}` }))
const job = (...stages: [ReturnType<typeof everyNth<E, string>>]) =>
  processor(
    'p',
    from(events)
      .pipe(...stages, told)
      .to(lines),
  )
const texts = async (driven: Awaited<ReturnType<typeof drive>>) => (await driven.results(lines)).map(l => l.text)

test('a stage of your own remembers by key, emits, and counts what it drops', async () => {
  const p = job(everyNth('third', 3))
  const driven = await drive(p)
  await driven.push(events, ...[1, 2, 3, 4, 5, 6, 7].flatMap(v => [e('a', v, v), e('b', v, v)]))
  assert.deepEqual(await texts(driven), ['a3', 'b3', 'a6', 'b6'])
  assert.deepEqual(driven.dropped(p), { third: 10 })
})

test('S5.2: what it remembers has a time to live', async () => {
  const driven = await drive(job(everyNth('second', 2, millis(10))))
  await driven.push(events, e('a', 0, 1), e('a', 11, 2), e('a', 21, 3))
  assert.deepEqual(await texts(driven), ['a3'])
})

test('what it remembers outlives the process', async () => {
  const lives = new Lives()
  const p = job(everyNth('third', 3))
  await lives.begin(p)
  await lives.push(events, e('a', 0, 1), e('a', 1, 2))
  lives.kill()
  await lives.begin(p)
  await lives.push(events, e('a', 2, 3))
  assert.deepEqual(
    (await lives.results(lines)).map(l => l.text),
    ['a3'],
  )
})

test('S6.1: a record that is refused further on leaves nothing in its memory', async () => {
  const p = processor(
    'p',
    from(events)
      .pipe(
        stage<E, string, E, number>({
          step: 'numbered',
          name: 'n',
          version: 1,
          ttl: null,
          open:
            ({ emit, state }) =>
            x => {
              const n = state.get() ?? 0
              state.set(n + 1)
              emit({ ...x, v: n })
              emit({ ...x, v: -x.v })
            },
        }),
        filter(x => {
          if (x.v === -2) throw new Error('two')
          return x.v >= 0
        }),
        told,
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, 2), e('a', 2, 1))
  assert.deepEqual(await texts(driven), ['a0', 'a1'])
})

test('S6.1: a refusal further on refuses the record, even if the function catches it', async () => {
  const p = processor(
    'p',
    from(events)
      .pipe(
        stage<E, string, E>({
          step: 'catching',
          open:
            ({ emit }) =>
            x => {
              try {
                emit(x)
              } catch {
                emit({ ...x, v: 100 })
              }
            },
        }),
        filter(x => {
          if (x.v === 2) throw new Error('two')
          return true
        }),
        told,
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, 2))
  assert.deepEqual(await texts(driven), ['a1'])
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage]),
    [['USER_FUNCTION_FAILED', 'filter']],
  )
})

test('it is opened once a task, is told the record and stream time, and emits at other times if it likes', async () => {
  const opened: number[] = []
  const seen: unknown[] = []
  const shifted = stage<E, string, E>({
    step: 'shifted',
    open: ({ emit, partition }) => {
      opened.push(partition)
      return (x, { key, at, offset }) => {
        seen.push([key, x.at - at, offset])
        emit(x, at + 100)
      }
    },
  })
  const counted = from(events, { idle: 'never' }).pipe(
    shifted,
    tumbling('w', { ...window, late: 'count-and-drop' }),
    aggregate({ n: count() }, { emit: 'on-close' }),
    map(w => ({ k: w.key, text: String(w.start % 1_000) })),
  )
  const driven = await drive(processor('p', counted.to(lines)))
  await driven.push(events, e('a', 1), e('a', 2))
  await driven.drain()
  assert.deepEqual(opened, [0])
  assert.deepEqual(seen, [
    ['a', 0, 0],
    ['a', 0, 1],
  ])
  assert.deepEqual(await texts(driven), ['100'])
})

test('stream time is the largest event time before the record', async () => {
  const p = processor(
    'p',
    from(events)
      .pipe(
        stage<E, string, { k: string; text: string }>({
          step: 'timed',
          open:
            ({ emit, streamTime }) =>
            x =>
              emit({ k: x.k, text: streamTime() === -Infinity ? 'none' : String(x.at - streamTime()) }),
        }),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 5), e('a', 3), e('a', 9))
  assert.deepEqual(await texts(driven), ['none', '-2', '4'])
})

const emitted = (use: (context: OwnContext<E, number>) => void, memory: 'with memory' | 'without' = 'with memory') => {
  const open = (context: OwnContext<E, never>) => () => use(context as unknown as OwnContext<E, number>)
  return processor(
    'p',
    from(events)
      .pipe(
        memory === 'without'
          ? stage<E, string, E>({ step: 'own', open })
          : stage<E, string, E, number>({ step: 'own', name: 'own', version: 1, ttl: null, open: open as never }),
        told,
      )
      .to(lines),
  )
}

test('S5.5: what it emits or remembers after its turn stops the task', async () => {
  for (const use of ['emit', 'state', 'drop'] as const) {
    const later: (() => void)[] = []
    const p = emitted(context =>
      later.push(() => {
        if (use === 'emit') context.emit(e('a', 0))
        else if (use === 'state') context.state.set(1)
        else context.drop()
      }),
    )
    const driven = await drive(p)
    await driven.push(events, e('a', 0))
    assert.throws(later[0]!, { code: 'ASYNC_FUNCTION' })
    assert.equal(await code(() => driven.push(events, e('a', 1))), 'ASYNC_FUNCTION')
  }
})

test('S5.5: a promise that it gives refuses the record, whatever becomes of the promise', async () => {
  const p = emitted(() => Promise.reject(new Error('later')) as never)
  const driven = await drive(p)
  await driven.push(events, e('a', 0))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage]),
    [['ASYNC_FUNCTION', 'own']],
  )
})

test('memory without a name, and a time that is none, refuse the record', async () => {
  for (const [p, expected] of [
    [emitted(({ state }) => void state.get(), 'without'), 'PLAN_INVALID'],
    [emitted(({ emit }) => emit(e('a', 0), NaN)), 'EVENT_TIME_INVALID'],
    [emitted(({ emit }) => emit(e('a', 0), -1)), 'EVENT_TIME_INVALID'],
  ] as const) {
    const driven = await drive(p)
    await driven.push(events, e('a', 0))
    assert.deepEqual(
      (await driven.deadLetters(p)).map(d => d.code),
      [expected],
    )
  }
})

test('a stage says what it is: a step in words, a name with a version and a time, a synchronous function', () => {
  const open = () => () => {}
  const refused = (o: object, message: RegExp) => assert.throws(() => stage(o as never), { code: 'PLAN_INVALID', message })
  refused({ step: 'Every Nth', open }, /'Every Nth'/)
  refused({ step: 'own', name: 'x', version: 1, open }, /how long/)
  refused({ step: 'own', version: 1, open }, /no name/)
  refused({ step: 'own' }, /open is given undefined/)
  assert.throws(() => stage({ step: 'own', open: (async () => () => {}) as never }), { code: 'ASYNC_FUNCTION' })
  const unversioned = stage<E, string, E, number>({ step: 'own', name: 'x', version: 0, ttl: null, open })
  assert.throws(() => processor('p', from(events).pipe(unversioned, told).to(lines)), { code: 'PLAN_INVALID', message: /version 0/ })
})

test('what open gives must be a synchronous function', async () => {
  const p = processor(
    'p',
    from(events)
      .pipe(stage<E, string, E>({ step: 'own', open: () => (async () => {}) as never }), told)
      .to(lines),
  )
  assert.equal(await code(() => drive(p)), 'ASYNC_FUNCTION')
})

test('a plan shows a stage of your own by its own word', () => {
  assert.match(job(everyNth('third', 3)).describe(), /every-nth 'third': own stage; kept for 1 d/)
})
