// branch: first match wins, each predicate once a record, what nobody takes is counted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, branch, filter, from, insertOnly, map, merge, processor, scan, table, text, topic, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { brief, codec, e, type E, events, folds, lines, result, results, window } from '../semantics/jobs.ts'

const flow = from(events, { idle: 'never' })
const said = (word: string) => map((x: E) => ({ k: x.k, text: `${word} ${x.v}` }))
const texts = async (driven: Awaited<ReturnType<typeof drive>>) => (await driven.results(lines)).map(l => l.text)

test('a record goes to the first case that takes it, wherever the others stand, and what is left to otherwise', async () => {
  const { rest, big, even } = branch(flow, { rest: 'otherwise', big: x => x.v > 10, even: x => x.v % 2 === 0 })
  const driven = await drive(processor('p', merge(big.pipe(said('big')), even.pipe(said('even')), rest.pipe(said('rest'))).to(lines)))
  await driven.push(events, e('a', 0, 12), e('a', 1, 2), e('a', 2, 3), e('a', 3, 11))
  assert.deepEqual(await texts(driven), ['big 12', 'even 2', 'rest 3', 'big 11'])
})

test('a predicate is asked once a record, and not after one that said yes', async () => {
  const asked: string[] = []
  const { one, two } = branch(flow, {
    one: x => asked.push(`one ${x.v}`) > 0 && x.v === 1,
    two: x => asked.push(`two ${x.v}`) > 0 && x.v === 2,
  })
  const driven = await drive(processor('p', [one.pipe(said('1')).to(lines), two.pipe(said('2')).to(lines), two.pipe(said('2b')).to(lines)]))
  await driven.push(events, e('a', 0, 1), e('a', 1, 2))
  assert.deepEqual(asked, ['one 1', 'one 2', 'two 2'])
  assert.deepEqual(await texts(driven), ['1 1', '2 2', '2b 2'])
})

test('without otherwise what no case takes is dropped and counted, and moves stream time on', async () => {
  const { small } = branch(flow, { small: x => x.v < 3 })
  const counted = small.pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result))
  const p = processor('p', counted.to(results))
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, 7), e('a', 100, 9))
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=1 close'])
  assert.deepEqual(driven.dropped(p), { branch: 2 })
})

test('a case that nobody reads takes its records all the same: they are not counted as dropped', async () => {
  const { small } = branch(flow, { small: x => x.v < 3, big: x => x.v >= 3 })
  const p = processor('p', small.pipe(said('small')).to(lines))
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, 7))
  assert.deepEqual([await texts(driven), driven.dropped(p)], [['small 1'], {}])
})

test('a dropped record that is refused elsewhere counts as refused only', async () => {
  const { small } = branch(flow, { small: x => x.v < 3 })
  const checked = flow.pipe(
    filter(x => {
      if (x.v === 8) throw new Error('eight')
      return true
    }),
    said('any'),
  )
  const p = processor('p', [small.pipe(said('small')).to(lines), checked.to(lines)])
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 7), e('a', 1, 8), e('a', 2, 9))
  assert.deepEqual(driven.dropped(p), { branch: 2 })
  assert.equal((await driven.deadLetters(p)).length, 1)
})

test('a result that no case takes is counted as dropped as well', async () => {
  const { many } = branch(
    flow.pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result)),
    { many: r => r.n > 1 },
  )
  const p = processor('p', many.to(results))
  const driven = await drive(p)
  await driven.push(events, e('a', 0), e('b', 0), e('b', 1))
  await driven.drain()
  assert.deepEqual([(await driven.results(results)).map(brief), driven.dropped(p)], [['b@0 n=2 drain'], { branch: 1 }])
})

test('a predicate that throws refuses the record at the branch', async () => {
  const { some } = branch(flow, {
    some: x => {
      if (x.v === 2) throw new Error('two')
      return true
    },
  })
  const p = processor('p', some.pipe(said('some')).to(lines))
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, 2))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage]),
    [['USER_FUNCTION_FAILED', 'branch']],
  )
})

test('state in two cases is put back when a case refuses the record', async () => {
  const { odd, even } = branch(flow, { odd: x => x.v % 2 === 1, even: 'otherwise' })
  const numbered = (name: string) =>
    scan<E, string, number, E>(name, {
      version: 1,
      ttl: null,
      initial: () => 0,
      next: (n, x) => ({ state: n + 1, emit: [{ ...x, v: n }] }),
    })
  const p = processor('p', [
    merge(odd.pipe(numbered('odd')), even.pipe(numbered('even')))
      .pipe(
        filter(x => {
          if (x.at % 10 === 5) throw new Error('five')
          return true
        }),
        said('n'),
      )
      .to(lines),
  ])
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 5, 1), e('a', 6, 1), e('a', 7, 2), e('a', 15, 2), e('a', 17, 2))
  assert.deepEqual(await texts(driven), ['n 0', 'n 1', 'n 0', 'n 1'])
})

test('a loader branches too: each case into its table, the rest counted', async () => {
  const low = table('low', { columns: { k: text }, key: ['k'] })
  const high = table('high', { columns: { k: text }, key: ['k'] })
  const cases = branch(flow, { low: x => x.v < 3, high: x => x.v > 5 })
  const p = processor('p', [
    cases.low.to(insertOnly(low, x => ({ k: x.k }), { duplicate: 'skip' })),
    cases.high.to(insertOnly(high, x => ({ k: x.k }), { duplicate: 'skip' })),
  ])
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('b', 0, 9), e('c', 0, 4))
  assert.deepEqual([driven.rows(low), driven.rows(high), driven.dropped(p)], [[{ k: 'a' }], [{ k: 'b' }], { branch: 1 }])
})

test('a branch needs a case, at most one otherwise, and names that keep their order', () => {
  assert.throws(() => branch(flow, {}), { code: 'PLAN_INVALID' })
  assert.throws(() => branch(flow, { a: 'otherwise', b: 'otherwise' }), { code: 'PLAN_INVALID', message: /'a' and 'b'/ })
  assert.throws(() => branch(flow, { b: x => x.v > 1, 7: () => true }), { code: 'PLAN_INVALID', message: /the name 7/ })
  assert.throws(() => branch(flow, { a: 'rest' as 'otherwise' }), { code: 'PLAN_INVALID', message: /'a'/ })
})

test('a plan with a branch says its cases in their order', () => {
  const { rest } = branch(flow, { big: x => x.v > 3, rest: 'otherwise' })
  const lateCopies = topic('late-copies', { key: 'k', time: 'at', value: codec })
  const text = processor('p', rest.to(lateCopies)).describe()
  assert.match(text, /branch: big, otherwise rest\n.*case: rest/)
})
