import assert from 'node:assert/strict'
import { test } from 'node:test'
import { custom, type Fold } from '#lib/index.ts'
import { bytesOf, codeOf, folded, inOrder, resultOf, specOf, throughBytes } from './folding.ts'

interface Tally {
  n: number
  seen: string[]
}
const tally = {
  version: 1,
  initial: (): Tally => ({ n: 0, seen: [] }),
  add: (s: Tally, v: string): Tally => {
    s.n++
    s.seen.push(v)
    if (v === 'poison') throw new RangeError('poison')
    return s
  },
  merge: (a: Tally, b: Tally): Tally => ({ n: a.n + b.n, seen: [...a.seen, ...b.seen] }),
  result: (s: Tally): string => `${s.n}: ${s.seen.join()}`,
}
/** As `custom`, of functions that types would refuse. */
const odd = (o: Partial<Record<keyof typeof tally, unknown>>): Fold<never, unknown> => custom('odd', { ...tally, ...o } as never)
const moment = { at: 1, ordinal: 1 }
const added = (o: Parameters<typeof odd>[0]): unknown => folded(specOf(odd(o)), inOrder('a'))
const merged = (o: Parameters<typeof odd>[0]): unknown => {
  const spec = specOf(odd(o))
  return spec.result(spec.merge(folded(spec, inOrder('a')), folded(spec, inOrder('b'))))
}
const shown = (o: Parameters<typeof odd>[0]): unknown => {
  const spec = specOf(odd(o))
  return spec.result(spec.initial())
}

test('a fold of your own adds, merges and shows as you say', () => {
  const fold = custom('tally', tally)
  const spec = specOf(fold)
  assert.equal(resultOf(fold, inOrder('a', 'b')), '2: a,b')
  assert.equal(spec.result(spec.merge(folded(spec, inOrder('a')), folded(spec, inOrder('b', 'c')))), '3: a,b,c')
})

test('S5.4: a function that changes its state and then throws leaves no trace', () => {
  const spec = specOf(custom('tally', tally))
  const state = folded(spec, inOrder('a'))
  const before = bytesOf(state)
  assert.throws(() => spec.measure('poison', moment, state), RangeError)
  assert.deepEqual(bytesOf(state), before)
})

test('S6.1: states that cannot be merged have no result and take no value, with the reason; they themselves go on as they were', () => {
  const spec = specOf(
    odd({
      merge: (a: Tally, b: Tally) => {
        a.seen.length = b.seen.length = 0
        throw new RangeError('no')
      },
    }),
  )
  const [a, b] = [folded(spec, inOrder('a')), folded(spec, inOrder('b'))]
  const neither = throughBytes(spec.merge(a, b))
  const reason = { code: 'USER_FUNCTION_FAILED', message: "merge() of custom('odd'): no" }
  for (const state of [neither, spec.merge(neither, a), spec.merge(b, neither)]) {
    assert.throws(() => spec.result(state), reason)
    assert.throws(() => spec.measure('c', moment, state), reason)
  }
  assert.deepEqual([spec.result(a), spec.result(b)], ['1: a', '1: b'])
})

test('S5.4: a first state that is one object for all is shared by none', () => {
  const one = { n: 0, seen: [] }
  const spec = specOf(odd({ initial: () => one }))
  assert.equal(spec.result(folded(spec, inOrder('a', 'b'))), '2: a,b')
  assert.deepEqual(one, { n: 0, seen: [] })
})

test('a result that sorts or empties what it is given changes no state', () => {
  const spec = specOf(
    odd({
      result: (s: Tally) => {
        const shown = s.seen.sort().join()
        s.seen.length = 0
        return shown
      },
    }),
  )
  const state = folded(spec, inOrder('b', 'a'))
  assert.deepEqual([spec.result(state), spec.result(state)], ['a,b', 'a,b'])
})

test('an async function is refused where it is written', () => {
  for (const name of ['initial', 'add', 'merge', 'result'])
    assert.throws(() => odd({ [name]: async () => tally.initial() }), {
      code: 'ASYNC_FUNCTION',
      message: new RegExp(`^${name}\\(\\) of custom\\('odd'\\)`),
    })
})

test('a promise is refused where it comes out, and its failure is nobody else’s', async () => {
  const failing = (): Promise<never> => Promise.reject(new Error('later'))
  assert.equal(
    codeOf(() => added({ add: failing })),
    'ASYNC_FUNCTION',
  )
  assert.equal(
    codeOf(() => merged({ merge: failing })),
    'ASYNC_FUNCTION',
  )
  assert.equal(
    codeOf(() => shown({ result: failing })),
    'ASYNC_FUNCTION',
  )
  assert.equal(
    codeOf(() => odd({ initial: failing })),
    'ASYNC_FUNCTION',
  )
  // An unhandled rejection would end this process.
  await new Promise(setImmediate)
})

test('S5.4: a state with behaviour is refused where it is made, with what it is', () => {
  for (const [state, what] of [
    [new Map(), /a Map cannot be kept/],
    [{ n: 0, seen: [], at: new Date(0) }, /a Date cannot be kept/],
    [{ n: 0, seen: [() => 1] }, /a function cannot be kept/],
  ] as const) {
    assert.throws(() => added({ add: () => state }), { code: 'STATE_NOT_PLAIN', message: what })
    assert.throws(() => merged({ merge: () => state }), { code: 'STATE_NOT_PLAIN', message: what })
    assert.throws(() => odd({ initial: () => state }), { code: 'STATE_NOT_PLAIN', message: what })
  }
})

test('undefined is no state: a return was forgotten', () => {
  assert.throws(() => added({ add: () => {} }), {
    code: 'VALUE_REFUSED',
    message: "add() of custom('odd') gave undefined, which is no state",
  })
  assert.equal(
    codeOf(() => merged({ merge: () => {} })),
    'VALUE_REFUSED',
  )
  assert.equal(
    codeOf(() => odd({ initial: () => undefined })),
    'VALUE_REFUSED',
  )
})

test('S5.1: name and version are needed, and name the state', () => {
  assert.equal(
    codeOf(() => custom(' ', tally)),
    'PLAN_INVALID',
  )
  for (const version of [0, -1, 1.5, NaN, '1'])
    assert.equal(
      codeOf(() => odd({ version })),
      'PLAN_INVALID',
    )
  const { fold, version } = specOf(custom('tally', { ...tally, version: 3 }))
  assert.deepEqual([fold, version], ["custom 'tally'", 3])
})
