// Windows that cannot be, as authors without a compiler may write them: each is refused when it is written, by a message that names window and value.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, count, cumulating, from, hopping, isMillraceError, session, tumbling } from '#lib/index.ts'
import { events, lateEvents } from '../semantics/jobs.ts'

const written = { tumbling, hopping, cumulating, session } as unknown as Readonly<Record<string, (name: string, o?: unknown) => never>>
const good: Readonly<Record<string, object>> = {
  tumbling: { size: 10, grace: 0, late: 'count-and-drop' },
  hopping: { size: 10, hop: 5, grace: 0, late: 'count-and-drop' },
  cumulating: { size: 10, step: 5, grace: 0, late: 'count-and-drop' },
  session: { gap: 10, grace: 0, late: 'count-and-drop' },
}
const KINDS = Object.keys(good)
const ALIGNED = KINDS.filter(kind => kind !== 'session')

function refusal(write: () => unknown): string {
  try {
    write()
  } catch (error) {
    assert.ok(isMillraceError(error), String(error))
    assert.equal(error.code, 'PLAN_INVALID')
    return error.message
  }
  return 'none'
}
const refusalOf = (kind: string, o: object): string => refusal(() => written[kind]!('clicks', { ...good[kind], ...o }))
const without = (kind: string, word: string): string =>
  refusal(() => written[kind]!('clicks', Object.fromEntries(Object.entries(good[kind]!).filter(([name]) => name !== word))))

test('what is well written is no refusal', () => {
  for (const kind of KINDS) assert.equal(refusalOf(kind, {}), 'none')
  for (const kind of ALIGNED)
    for (const late of [lateEvents, { to: lateEvents }, { correct: 5 }]) assert.equal(refusalOf(kind, { late, offset: 3 }), 'none')
  assert.equal(refusalOf('session', { longest: 10, late: { to: lateEvents } }), 'none')
})
for (const [word, kinds] of [
  ['size', ALIGNED],
  ['hop', ['hopping']],
  ['step', ['cumulating']],
  ['gap', ['session']],
] as const)
  test(`a ${word} of 0, below 0, in fractions, without end, as a text or missing is refused`, () => {
    for (const kind of kinds) {
      for (const [value, as] of [
        [0, '0'],
        [-5, '-5'],
        [2.5, '2.5'],
        [NaN, 'NaN'],
        [Infinity, 'Infinity'],
        ['10', "'10'"],
        [undefined, 'undefined'],
        [10n, '10n'],
      ] as const)
        assert.equal(refusalOf(kind, { [word]: value }), `window 'clicks' has a ${word} of ${as} ms: a whole number above 0 is needed`)
    }
  })
test('S3.2: a grace below 0, in fractions, without end or missing is refused: it has no default', () => {
  for (const kind of KINDS) {
    for (const grace of [-1, 0.5, NaN, Infinity, null])
      assert.equal(refusalOf(kind, { grace }), `window 'clicks' has a grace of ${String(grace)} ms: a whole number from 0 is needed`)
    assert.equal(without(kind, 'grace'), "window 'clicks' has a grace of undefined ms: a whole number from 0 is needed")
  }
})
test('an offset below 0, in fractions or without end is refused', () => {
  for (const kind of ALIGNED)
    for (const offset of [-1, 0.5, NaN, Infinity, null])
      assert.equal(refusalOf(kind, { offset }), `window 'clicks' has an offset of ${String(offset)} ms: a whole number from 0 is needed`)
})
test('S3.2: late that is missing or no word for it is refused', () => {
  for (const kind of KINDS) {
    const words =
      kind === 'session'
        ? "'count-and-drop', a topic or { to: topic }"
        : "'count-and-drop', a topic, { to: topic } or { correct: duration }"
    for (const [late, as] of [
      ['drop', "'drop'"],
      [null, 'null'],
      [{}, '{}'],
      [{ to: undefined }, '{ to: undefined }'],
      [5, '5'],
    ] as const)
      assert.equal(refusalOf(kind, { late }), `window 'clicks' says late: ${as}, which is none of ${words}`)
    assert.equal(without(kind, 'late'), `window 'clicks' says late: undefined, which is none of ${words}`)
  }
})
test('S3.4: a time to be corrected of 0, below 0 or in fractions is refused', () => {
  for (const kind of ALIGNED)
    for (const correct of [0, -1, 1.5, NaN, undefined])
      assert.equal(
        refusalOf(kind, { late: { correct } }),
        `window 'clicks' has a time to be corrected of ${String(correct)} ms: a whole number above 0 is needed`,
      )
})
test('S3.5: sessions are not corrected', () => {
  for (const correct of [0, 5])
    assert.equal(
      refusalOf('session', { late: { correct } }),
      "window 'clicks' has sessions: a closed one is not opened again, so late: { correct } is not for it",
    )
})
test('a hop above the size leaves records in no window', () => {
  assert.equal(
    refusalOf('hopping', { hop: 11 }),
    "window 'clicks' hops 11 ms, more than its size of 10 ms: records between two windows would be in none",
  )
})
test('a size that is no multiple of its step has no last step', () => {
  assert.equal(refusalOf('cumulating', { step: 3 }), "window 'clicks' has a size of 10 ms, which is no multiple of its step of 3 ms")
  assert.equal(refusalOf('cumulating', { step: 20 }), "window 'clicks' has a size of 10 ms, which is no multiple of its step of 20 ms")
})
test('a longest session below its gap, or none, is refused', () => {
  assert.equal(
    refusalOf('session', { longest: 9 }),
    "window 'clicks' has a longest session of 9 ms, which cannot be shorter than its gap of 10 ms",
  )
  for (const longest of [0, NaN, Infinity, 10.5])
    assert.equal(
      refusalOf('session', { longest }),
      `window 'clicks' has a longest session of ${longest} ms: a whole number above 0 is needed`,
    )
})
test('a window without options is refused', () => {
  for (const kind of KINDS) {
    assert.equal(
      refusal(() => written[kind]!('clicks')),
      "window 'clicks' needs its options as an object, not undefined",
    )
    assert.equal(
      refusal(() => written[kind]!('clicks', 10)),
      "window 'clicks' needs its options as an object, not 10",
    )
  }
})
test('S3.2: emit that is missing or no word for it is refused: it has no default', () => {
  for (const [emit, as] of [
    [undefined, 'undefined'],
    ['close', "'close'"],
    [{ every: 0 }, '{ every: 0 }'],
    [{ every: 1.5 }, '{ every: 1.5 }'],
    [{ every: NaN }, '{ every: NaN }'],
    [{ every: Infinity }, '{ every: Infinity }'],
    [{ every: -5 }, '{ every: -5 }'],
    [{}, '{}'],
    [null, 'null'],
  ] as const)
    assert.equal(
      refusal(() => from(events).pipe(tumbling('clicks', good['tumbling'] as never), aggregate({ n: count() }, { emit } as never))),
      `window 'clicks' says emit: ${as}, which is none of 'on-close', 'on-update' or { every: a duration above 0 }`,
    )
  assert.match(
    refusal(() => from(events).pipe(tumbling('clicks', good['tumbling'] as never), aggregate({ n: count() }, undefined as never))),
    /^window 'clicks' says emit: undefined/,
  )
})
