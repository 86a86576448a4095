import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Arena } from '#lib/model/arena.ts'
import { decimal } from '#lib/model/decimal.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { checkPlain, copyOf } from '#lib/state/plain.ts'
import { readValue, writeValue } from '#lib/state/value-codec.ts'

const code = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    return isMillraceError(error) ? error.code : String(error)
  }
  return 'nothing'
}
const throughBytes = (value: unknown): unknown => {
  const arena = new Arena(8)
  writeValue(arena, value)
  return readValue(arena.copy())
}
const nested = (levels: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { value }
  return value
}
const plainValues = fc.anything({
  withBigInt: true,
  withTypedArray: false,
  withNullPrototype: true,
  withSparseArray: true,
  maxDepth: 4,
  values: [
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0),
    fc.uint8Array(),
    fc.bigInt().map(u => decimal(u, 2)),
  ],
})

test('S5.4: a copy is what comes back from the bytes of a value', () => {
  fc.assert(fc.property(plainValues, value => assert.deepEqual(copyOf(value), throughBytes(value))))
  const proto = JSON.parse('{"__proto__": {"x": 1}}') as object
  assert.deepEqual(Object.keys(copyOf(proto)), ['__proto__'])
  assert.equal((copyOf(proto) as { x?: number }).x, undefined)
})

test('S5.4: what is refused of a copy is what cannot be written, by the same code', () => {
  const self: unknown[] = []
  self.push({ self })
  class Odd {
    x = 1
  }
  for (const value of [
    new Date(0),
    new Map(),
    new Set(),
    () => 1,
    Symbol('x'),
    /x/,
    self,
    { deep: [{ er: new Date(0) }] },
    new Odd(),
    [Promise.resolve(1)],
    new Float64Array(1),
    nested(65),
  ]) {
    const written = code(() => throughBytes(value))
    assert.match(written, /^STATE_NOT_PLAIN$/)
    assert.equal(
      code(() => copyOf(value)),
      written,
    )
    assert.equal(
      code(() => checkPlain(value)),
      written,
    )
  }
  for (const use of [copyOf, checkPlain, throughBytes])
    assert.equal(
      code(() => use(nested(64))),
      'nothing',
    )
})

test('a copy shares nothing that can be changed', () => {
  const original = { list: [1, { n: 1 }], bytes: new Uint8Array([1]), map: { a: [1] } }
  const copy = copyOf(original)
  ;(original.list[1] as { n: number }).n = 2
  original.list.push(3)
  original.bytes[0] = 9
  original.map.a.push(2)
  assert.deepEqual(copy, { list: [1, { n: 1 }], bytes: new Uint8Array([1]), map: { a: [1] } })
})

test('a copy of bytes is bytes, whatever they were a view of', () => {
  const copy = copyOf(Buffer.from('abc').subarray(1))
  assert.equal(Object.getPrototypeOf(copy), Uint8Array.prototype)
  assert.deepEqual(copy, new Uint8Array([98, 99]))
  assert.equal(copy.buffer.byteLength, 2)
})
