import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { faultIn } from '#lib/codec/json-fault.ts'
import { parseJson, writeJson } from '#lib/codec/json.ts'
import { Arena } from '#lib/model/arena.ts'
import { Decimal } from '#lib/model/decimal.ts'
import { isMillraceError, type ErrorCode } from '#lib/model/errors.ts'

const parse = (bytes: Buffer | string): unknown => {
  const all = Buffer.concat([Buffer.from('{"x'), Buffer.from(bytes), Buffer.from('"}')])
  return parseJson(all, 3, all.length - 2)
}
const write = (value: unknown): string => {
  const arena = new Arena(1)
  writeJson(value, arena)
  return arena.copy().toString()
}
const refusal = (code: ErrorCode, work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(isMillraceError(error) && error.code === code, String(error))
    return error.message
  }
  return assert.fail('it was accepted')
}

test('what is written is read back, whatever JSON can hold', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      assert.deepEqual(parse(write(value)), JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 50 },
  )
  for (const value of ['a\ud800b', '\u2028', { __proto__x: 1, ['__proto__']: 2 }, { constructor: 1 }])
    assert.deepEqual(parse(write(value)), value)
})

test('a Decimal is written as its text, with all its digits', () => {
  assert.equal(write({ sum: new Decimal(-12_345_678_901_234_567_890n, 4) }), '{"sum":"-1234567890123456.7890"}')
})

test('a property that is undefined is left out', () => assert.equal(write({ a: undefined, b: 1 }), '{"b":1}'))

test('VALUE_REFUSED: what JSON.stringify would drop or change is refused, with its path', () => {
  class Row {
    a = 1
  }
  const WRONG: readonly (readonly [value: unknown, message: string])[] = [
    [undefined, 'the value is undefined, which JSON cannot hold'],
    [Number.NaN, 'the value is NaN, which JSON cannot hold'],
    [{ a: [{ b: Number.POSITIVE_INFINITY }] }, "field 'a[0].b' is Infinity, which JSON cannot hold"],
    [{ n: 5n }, "field 'n' is a bigint, which JSON cannot hold"],
    [{ b: new Uint8Array(2) }, "field 'b' is a Uint8Array of 2 bytes, which JSON cannot hold"],
    [{ d: new Date(0) }, "field 'd' is a Date, which JSON cannot hold"],
    [{ m: new Map() }, "field 'm' is a Map, which JSON cannot hold"],
    [{ f: () => 1 }, "field 'f' is a function, which JSON cannot hold"],
    [{ s: Symbol('a') }, "field 's' is a symbol, which JSON cannot hold"],
    [[1, undefined], "field '[1]' is undefined, which JSON cannot hold"],
    // biome-ignore lint/suspicious/noSparseArray: a hole is the point
    [[1, , 2], "field '[1]' is undefined, which JSON cannot hold"],
    [new Row(), 'the value is a Row, which JSON cannot hold'],
    [{ t: { toJSON: () => 1 } }, "field 't' is an object, which JSON cannot hold"],
  ]
  for (const [value, message] of WRONG)
    assert.equal(
      refusal('VALUE_REFUSED', () => write(value)),
      message,
    )
  const self: Record<string, unknown> = {}
  self['self'] = self
  assert.match(
    refusal('VALUE_REFUSED', () => write(self)),
    /contains itself/,
  )
})

test('JSON_MALFORMED says where, in bytes', () => {
  const WRONG: readonly (readonly [bytes: Buffer | string, message: RegExp])[] = [
    ['', /^the value is empty/],
    ['{"a":1', /^the value is not JSON: it ends too early \(byte 6 of 6\)$/],
    ['{"é":1,}', /^the value is not JSON: it goes wrong \(byte 8 of 9\)$/],
    ['{"a":1}x', /goes wrong \(byte 7 of 8\)$/],
    ['NaN', /goes wrong \(byte 0 of 3\)$/],
    ['\uFEFF{}', /goes wrong \(byte 0 of 5\)$/],
    ['{"a', /ends too early \(byte 3 of 3\)$/],
    ['["\\x"]', /goes wrong \(byte 2 of 6\)$/],
    ['["\n"]', /goes wrong \(byte 2 of 5\)$/],
    ['[01]', /goes wrong \(byte 2 of 4\)$/],
    ['[1 2]', /goes wrong \(byte 3 of 5\)$/],
    ['[1,]', /goes wrong \(byte 3 of 4\)$/],
    ['{"a" 1}', /goes wrong \(byte 5 of 7\)$/],
    ['{1:1}', /goes wrong \(byte 1 of 5\)$/],
    ['{"a":[1}', /goes wrong \(byte 7 of 8\)$/],
    [']', /goes wrong \(byte 0 of 1\)$/],
    [Buffer.from([0x22, 0xff, 0x22]), /^the value is not UTF-8 \(byte 1 of 3\)$/],
    [Buffer.concat([Buffer.from('"\uFFFD'), Buffer.from([0xc3, 0x22])]), /^the value is not UTF-8 \(byte 4 of 6\)$/],
  ]
  for (const [bytes, message] of WRONG)
    assert.match(
      refusal('JSON_MALFORMED', () => parse(bytes)),
      message,
    )
  assert.equal(parse('"\uFFFD"'), '\uFFFD')
})

test('deeply nested text does not end the stack', () => {
  for (const depth of [1_000, 1_000_000]) {
    const text = '['.repeat(depth) + ']'.repeat(depth)
    try {
      parse(text)
    } catch (error) {
      assert.ok(isMillraceError(error) && error.code === 'JSON_MALFORMED', String(error))
    }
  }
  let deep: unknown = 1
  for (let i = 0; i < 1_000_000; i++) deep = [deep]
  assert.match(
    refusal('VALUE_REFUSED', () => write(deep)),
    /nested too deeply/,
  )
})

test('keys like __proto__ are data', () => {
  const value = parse('{"__proto__":{"polluted":1},"constructor":2}') as object
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal((value as { polluted?: unknown }).polluted, undefined)
})

test('the fault lies at the first token that cannot stand where it stands, whatever was damaged', () => {
  let found = 0
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), fc.constantFrom(',', ']', '}', ':', '"', '\\', '0', '-', ' ', 'x', ''), (value, where, put) => {
      const text = JSON.stringify(value)
      const i = where % text.length
      const damaged = text.slice(0, i) + put + text.slice(i + 1)
      try {
        JSON.parse(damaged)
      } catch (error) {
        const at = faultIn(damaged)
        assert.equal(faultIn(damaged.slice(0, at)), at, `${damaged}: up to ${at} it is a beginning of JSON`)
        // the engine's own answer, where it gives one, may lie further on within a number or a word
        const position = / at position (\d+)/.exec((error as Error).message)?.[1]
        if (position === undefined) return
        found++
        assert.ok(at <= Number(position), `${damaged}: ${at} is not behind ${position}`)
        assert.match(damaged.slice(at, Number(position)), /^[-+.\w\\]*$/)
      }
    }),
    { numRuns: 1000 },
  )
  assert.ok(found > 50)
})
