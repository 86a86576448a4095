// merge and mergeTagged: the records of several flows as one. Merges within one input; what is special about several inputs is in merge-inputs.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, filter, from, map, merge, mergeTagged, processor, scan, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { brief, e, events, folds, lateEvents, lines, result, results, window } from '../semantics/jobs.ts'

const flow = from(events, { idle: 'never' })
const texts = async (driven: Awaited<ReturnType<typeof drive>>) => (await driven.results(lines)).map(l => l.text)

test('merge passes on every record of each of its flows, in offset order', async () => {
  const small = flow.pipe(
    filter(x => x.v < 3),
    map(x => ({ k: x.k, text: `small ${x.v}` })),
  )
  const all = flow.pipe(map(x => ({ k: x.k, text: `any ${x.v}` })))
  const driven = await drive(processor('p', merge(small, all).to(lines)))
  await driven.push(events, e('a', 0, 1), e('a', 1, 5), e('a', 2, 2))
  assert.deepEqual(await texts(driven), ['small 1', 'any 1', 'any 5', 'small 2', 'any 2'])
})

test('a flow that is merged with itself gives every record twice', async () => {
  const twice = merge(flow, flow).pipe(
    scan('s', { version: 1, ttl: null, initial: () => 0, next: n => ({ state: n + 1, emit: [{ k: 'a', text: String(n) }] }) }),
  )
  const driven = await drive(processor('p', twice.to(lines)))
  await driven.push(events, e('a', 0), e('a', 1))
  assert.deepEqual(await texts(driven), ['0', '1', '2', '3'])
})

test('flows of three and more are merged; a window over the merge counts them all', async () => {
  const merged = merge(flow.pipe(filter(x => x.v === 1)), flow.pipe(filter(x => x.v === 2)), flow.pipe(filter(x => x.v > 1))).pipe(
    tumbling('w', { ...window, late: 'count-and-drop' }),
    aggregate(folds, { emit: 'on-close' }),
    map(result),
  )
  for (const batch of [1, 7, 1000]) {
    const driven = await drive(processor('p', merged.to(results)), { tuning: { epochRecords: batch } })
    await driven.push(events, ...[1, 2, 3, 1, 2].map((v, i) => e('a', i, v)))
    await driven.drain()
    assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=7 drain'])
  }
})

test('a record that one side of a merge refuses leaves nothing of the other side', async () => {
  const bad = flow.pipe(
    map(x => {
      if (x.v < 0) throw new RangeError('below zero')
      return { k: x.k, text: `checked ${x.v}` }
    }),
  )
  const p = processor('p', merge(flow.pipe(map(x => ({ k: x.k, text: `plain ${x.v}` }))), bad).to(lines))
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, -1))
  assert.deepEqual(await texts(driven), ['plain 1', 'checked 1'])
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage, d.offset]),
    [['USER_FUNCTION_FAILED', 'map', 1]],
  )
})

test('mergeTagged says of each value which flow it came from', async () => {
  const tagged = mergeTagged({ small: flow.pipe(filter(x => x.v < 3)), text: flow.pipe(map(x => `${x.v}!`)) })
  const said = tagged.pipe(map(x => ({ k: 'a', text: x.from === 'small' ? `small ${x.value.v}` : `${x.from} ${x.value.length}` })))
  const driven = await drive(processor('p', said.to(lines)))
  await driven.push(events, e('a', 0, 1), e('a', 1, 50))
  assert.deepEqual(await texts(driven), ['small 1', 'text 2', 'text 3'])
})

test('mergeTagged needs a flow, and names that keep their order', () => {
  assert.throws(() => mergeTagged({}), { code: 'PLAN_INVALID' })
  assert.throws(() => mergeTagged({ ok: flow, 1: flow }), { code: 'PLAN_INVALID', message: /the name 1/ })
})

const late = (merged: typeof flow) =>
  processor(
    'p',
    merged.pipe(tumbling('w', { ...window, late: lateEvents }), aggregate(folds, { emit: 'on-close' }), map(result)).to(results),
  )

test('S3.4: a late record behind a merge keeps its own bytes while the merge passes them on, and is written anew when a value was made', async () => {
  for (const [merged, expected] of [
    [merge(flow, flow.pipe(filter(x => x.v > 1))), [3, 3]],
    [merge(flow, flow.pipe(map(x => ({ ...x, v: x.v * 2 })))), [3, 6]],
  ] as const) {
    const driven = await drive(late(merged))
    await driven.push(events, e('a', 100, 1), e('a', 0, 3))
    const values = (await driven.results(lateEvents)).map(x => x.v)
    assert.deepEqual(values.toSorted(), expected)
  }
})
