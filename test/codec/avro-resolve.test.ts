import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EXACT, PLAIN } from '#lib/codec/avro-model.ts'
import { compileReader } from '#lib/codec/avro-read.ts'
import { compileWriter } from '#lib/codec/avro-write.ts'
import { Arena } from '#lib/model/arena.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { Decimal } from '#lib/model/decimal.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { sampleOf } from './arbitrary-schemas.ts'

const bytesOf = (schema: AvroSchema, value: unknown, mapping = PLAIN): Buffer => {
  const arena = new Arena()
  compileWriter(schema, mapping).write(value, arena)
  return arena.copy()
}
/** A value written with one schema, read with another. */
function evolved(writer: AvroSchema, reader: AvroSchema, value: unknown, fields: ReadonlySet<string> | 'all' = 'all'): unknown {
  const bytes = bytesOf(writer, value)
  return compileReader(writer, reader, fields).read(bytes, 0, bytes.length)
}
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(isMillraceError(error), String(error))
    return `${error.code}: ${error.message}`
  }
  return assert.fail('it was accepted')
}
const compiles = (writer: AvroSchema, reader: AvroSchema): unknown => compileReader(writer, reader, 'all')
const record = (name: string, ...fields: object[]): AvroSchema => ({ type: 'record', name, fields })
const x = (type: unknown, more: object = {}): AvroSchema => record('R', { name: 'x', type, ...more })
const enumOf = (symbols: string[], more: object = {}): AvroSchema => ({ type: 'enum', name: 'E', symbols, ...more })
const decimal = (precision: number, scale: number): AvroSchema => ({ type: 'bytes', logicalType: 'decimal', precision, scale })

describe('promotions', () => {
  const TAKEN: readonly (readonly [writer: AvroSchema, reader: AvroSchema, value: unknown, read: unknown])[] = [
    ['int', 'long', -7, -7],
    ['int', 'float', 16_777_217, 16_777_216],
    ['int', 'double', 2 ** 31 - 1, 2 ** 31 - 1],
    ['int', { type: 'long', as: 'bigint' }, -7, -7n],
    ['long', 'float', 2 ** 40 + 1, 2 ** 40],
    ['long', 'double', 2 ** 53 - 1, 2 ** 53 - 1],
    [{ type: 'long', as: 'bigint' }, 'double', 2n ** 62n + 1n, 2 ** 62],
    ['float', 'double', Math.fround(0.1), Math.fround(0.1)],
    ['string', 'bytes', 'é', new Uint8Array([0xc3, 0xa9])],
    ['bytes', 'string', new Uint8Array([0xc3, 0xa9]), 'é'],
  ]
  for (const [writer, reader, value, read] of TAKEN) {
    test(`${JSON.stringify(writer)} is read as ${JSON.stringify(reader)}`, () => {
      assert.deepEqual(evolved(writer, reader, value), read)
      assert.deepEqual(evolved(x(writer), x(['null', reader]), { x: value }), { x: read })
    })
  }
  test('every other pair of primitive types is refused, naming the field', () => {
    const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes']
    const taken = new Set(TAKEN.map(([w, r]) => `${JSON.stringify(w)}${JSON.stringify(r)}`))
    let refused = 0
    for (const w of primitives) {
      for (const r of primitives) {
        if (w === r || taken.has(`"${w}""${r}"`)) continue
        refused++
        assert.equal(
          refusal(() => compiles(x(w), x(r))),
          `SCHEMA_INCOMPATIBLE: field 'x' cannot be read: ${w} is not read as ${r}`,
        )
      }
    }
    assert.equal(refused, 56 - 8)
  })
  test('a long of any size is read as the nearest float, rounded once', () => {
    // 2^60 + 2^36 lies between two floats; one more decides, which a double no longer sees
    const LONGS: readonly (readonly [bigint, number])[] = [
      [2n ** 60n + 2n ** 36n, 2 ** 60],
      [2n ** 60n + 2n ** 36n + 1n, 2 ** 60 + 2 ** 37],
      [-(2n ** 60n) - 2n ** 36n - 1n, -(2 ** 60) - 2 ** 37],
      [2n ** 63n - 1n, 2 ** 63],
      [-(2n ** 63n), -(2 ** 63)],
      [2n ** 53n - 1n, 2 ** 53],
    ]
    for (const [value, read] of LONGS) assert.equal(evolved({ type: 'long', as: 'bigint' }, 'float', value), read)
  })
  test('a default that no number holds needs "as": "bigint"', () => {
    const json = 2n ** 60n + 1n
    assert.match(
      refusal(() => compiles(record('R'), x('long', { default: json }))),
      /^SCHEMA_INVALID: the default 1152921504606846977 of a long/,
    )
    assert.deepEqual(evolved(record('R'), x({ type: 'long', as: 'bigint' }, { default: json }), {}), { x: json })
  })
  test('bytes that are read as a string must be UTF-8', () => {
    assert.match(
      refusal(() => evolved('bytes', 'string', new Uint8Array([0xff]))),
      /^AVRO_MALFORMED: .* not UTF-8/,
    )
  })
})

describe('records', () => {
  const writer = record('R', { name: 'a', type: 'int' }, { name: 'b', type: 'string' }, { name: 'c', type: 'double' })
  const value = { a: 1, b: 'two', c: 3 }
  test('fields are matched by name, in the order of the reader; others are skipped', () => {
    const reader = record('R', { name: 'c', type: 'double' }, { name: 'a', type: 'long' })
    const read = evolved(writer, reader, value) as object
    assert.deepEqual(read, { c: 3, a: 1 })
    assert.deepEqual(Object.keys(read), ['c', 'a'])
  })
  test('a field takes the one that its alias names, unless there is one of its own name', () => {
    assert.deepEqual(evolved(writer, record('R', { name: 'z', type: 'string', aliases: ['y', 'b'] }), value), { z: 'two' })
    assert.deepEqual(evolved(writer, record('R', { name: 'b', type: 'string', aliases: ['a'] }), value), { b: 'two' })
    const both = record('R', { name: 'n', type: 'int', aliases: ['a'], default: 9 }, { name: 'a', type: 'int' })
    assert.deepEqual(evolved(writer, both, value), { n: 9, a: 1 })
    const twice = record('R', { name: 'p', type: 'int', aliases: ['a'] }, { name: 'q', type: 'int', aliases: ['a'] })
    assert.match(
      refusal(() => compiles(writer, twice)),
      /^SCHEMA_INCOMPATIBLE: field 'q' .* 'a', which 'p' takes/,
    )
  })
  test('a field that the writer did not have takes its default, a fresh one each time', () => {
    const sub = record('S', { name: 'n', type: 'int', default: 4 }, { name: '__proto__', type: 'string' })
    const defaults: [name: string, type: unknown, json: unknown, read: unknown][] = [
      ['d1', 'null', null, null],
      ['d2', ['null', 'string'], null, null],
      ['d3', ['null', 'string'], 'text', 'text'],
      ['d4', 'long', 9_007_199_254_740_991, 9_007_199_254_740_991],
      ['d5', { type: 'long', as: 'bigint' }, 2n ** 63n - 1n, 2n ** 63n - 1n],
      ['d6', 'double', -0, -0],
      ['d7', 'float', 0.1, Math.fround(0.1)],
      ['d8', 'bytes', '\u00ff\u0001', new Uint8Array([255, 1])],
      ['d9', { type: 'fixed', name: 'F', size: 2 }, 'ab', new Uint8Array([97, 98])],
      ['d10', enumOf(['A', 'B']), 'B', 'B'],
      ['d11', { type: 'array', items: 'int' }, [1, 2], [1, 2]],
      ['d12', { type: 'map', values: 'string' }, JSON.parse('{"__proto__":"p"}'), JSON.parse('{"__proto__":"p"}')],
      ['d13', sub, JSON.parse('{"__proto__":"p"}'), JSON.parse('{"n":4,"__proto__":"p"}')],
      ['d14', decimal(6, 2), '\u0004\u00d2', new Decimal(1234n, 2)],
      ['d15', 'boolean', true, true],
      ['d16', decimal(6, 2), '\u00ff', new Decimal(-1n, 2)],
    ]
    const reader = record('R', ...defaults.map(([name, type, json], i) => ({ name, type: i === 15 ? decimal(6, 2) : type, default: json })))
    const compiled = compileReader(writer, reader, 'all')
    const bytes = bytesOf(writer, value)
    const first = compiled.read(bytes, 0, bytes.length) as Record<string, unknown>
    assert.deepEqual(first, Object.fromEntries(defaults.map(([name, , , read]) => [name, read])))
    ;(first['d11'] as number[]).push(3)
    ;(first['d8'] as Uint8Array)[0] = 0
    assert.deepEqual((compiled.read(bytes, 0, bytes.length) as Record<string, unknown>)['d11'], [1, 2])
    assert.deepEqual((compiled.read(bytes, 0, bytes.length) as Record<string, unknown>)['d8'], new Uint8Array([255, 1]))
  })
  test('without a default it is refused, naming the field, wherever it stands and whether or not it was asked for', () => {
    const deeper = (r: AvroSchema): AvroSchema => x({ type: 'array', items: ['null', { type: 'map', values: r }] })
    const reader = record('R', { name: 'a', type: 'int' }, { name: 'new', type: 'int' })
    const why = "cannot be read: the writer's 'R' has no such field and the reader's has no default"
    assert.equal(
      refusal(() => compiles(writer, reader)),
      `SCHEMA_INCOMPATIBLE: field 'new' ${why}`,
    )
    assert.equal(
      refusal(() => compileReader(writer, reader, new Set(['a']))),
      `SCHEMA_INCOMPATIBLE: field 'new' ${why}`,
    )
    const narrow = record('R', { name: 'a', type: 'int' }, { name: 'b', type: 'int' })
    assert.match(
      refusal(() => compileReader(writer, narrow, new Set(['a']))),
      /^SCHEMA_INCOMPATIBLE: field 'b' .* string is not read as int/,
    )
    const named = (r: AvroSchema): AvroSchema => ({ ...(r as object), name: 'Inner' })
    assert.match(
      refusal(() => compiles(deeper(named(writer)), x({ type: 'array', items: { type: 'map', values: named(reader) } }))),
      /field 'x\[\]\{\}\.new' cannot be read/,
    )
  })
  test('a projection reads aliases and defaults alike', () => {
    const reader = record(
      'R',
      { name: 'z', type: 'string', aliases: ['b'] },
      { name: 'new', type: 'int', default: 5 },
      { name: 'c', type: 'double' },
    )
    assert.deepEqual(evolved(writer, reader, value, new Set(['new', 'z'])), { z: 'two', new: 5 })
  })
  test('records, enums and fixed match by their names without namespaces, or by an alias', () => {
    const w = { type: 'record', name: 'old.Thing', fields: [{ name: 'a', type: 'int' }] }
    const named = (more: object): AvroSchema => ({ type: 'record', fields: [{ name: 'a', type: 'int' }], ...more }) as AvroSchema
    for (const more of [{ name: 'new.Thing' }, { name: 'Other', aliases: ['Thing'] }, { name: 'new.Other', aliases: ['old.Thing'] }]) {
      assert.deepEqual(evolved(w, named(more), { a: 1 }), { a: 1 })
    }
    assert.equal(
      refusal(() => compiles(w, named({ name: 'Other' }))),
      "SCHEMA_INCOMPATIBLE: the value cannot be read: 'old.Thing' is not read as 'Other'",
    )
    assert.match(
      refusal(() => compiles(x({ type: 'fixed', name: 'F', size: 2 }), x({ type: 'fixed', name: 'G', size: 2 }))),
      /'F' is not read as 'G'/,
    )
    assert.match(
      refusal(() => compiles(x({ type: 'fixed', name: 'F', size: 2 }), x({ type: 'fixed', name: 'F', size: 3 }))),
      /a fixed of 2 bytes is not read as one of 3/,
    )
    assert.match(
      refusal(() => compiles(x(enumOf(['A'])), x({ ...(enumOf(['A']) as object), name: 'G' }))),
      /'E' is not read as 'G'/,
    )
  })
  test('records that contain themselves are resolved all the way down', () => {
    const w = record('L', { name: 'v', type: 'int' }, { name: 'gone', type: 'string' }, { name: 'next', type: ['null', 'L'] })
    const r = record(
      'L',
      { name: 'next', type: ['null', 'L'] },
      { name: 'v', type: 'double' },
      { name: 'more', type: 'string', default: 'm' },
    )
    assert.deepEqual(evolved(w, r, { v: 1, gone: 'a', next: { v: 2, gone: 'b', next: null } }), {
      next: { next: null, v: 2, more: 'm' },
      v: 1,
      more: 'm',
    })
  })
})

describe('enums', () => {
  test('a symbol that the reader lacks becomes its default; without one it is refused when it comes', () => {
    const writer = x(enumOf(['A', 'B', 'C']))
    assert.deepEqual(evolved(writer, x(enumOf(['C', 'A'], { default: 'A' })), { x: 'B' }), { x: 'A' })
    assert.deepEqual(evolved(writer, x(enumOf(['C', 'A'])), { x: 'C' }), { x: 'C' })
    assert.equal(
      refusal(() => evolved(writer, x(enumOf(['C', 'A'])), { x: 'B' })),
      "SCHEMA_INCOMPATIBLE: field 'x': the enum 'E' has no symbol 'B'",
    )
    assert.match(
      refusal(() => compiles(writer, x(enumOf(['D'])))),
      /^SCHEMA_INCOMPATIBLE: field 'x' .* no symbol of the writer's/,
    )
  })
})

describe('unions', () => {
  test('a branch that the reader lacks is refused when it comes', () => {
    assert.deepEqual(evolved(x(['null', 'string']), x('string'), { x: 'a' }), { x: 'a' })
    assert.match(
      refusal(() => evolved(x(['null', 'string']), x('string'), { x: null })),
      /^SCHEMA_INCOMPATIBLE: field 'x': .*null is not read as string/,
    )
    assert.match(
      refusal(() => compiles(x(['null', 'int']), x('string'))),
      /^SCHEMA_INCOMPATIBLE: field 'x' .*no branch of \[null, int\] is read as string/,
    )
    assert.match(
      refusal(() => compiles(x('boolean'), x(['null', 'int']))),
      /field 'x' .*boolean is not read as \[null, int\]/,
    )
  })
  test('branches are matched by type and name first, by promotion only then', () => {
    const exact = (writer: AvroSchema, reader: AvroSchema, value: unknown): unknown => {
      const bytes = bytesOf(writer, value, EXACT)
      return compileReader(writer, reader, 'all', EXACT).read(bytes, 0, bytes.length)
    }
    assert.deepEqual(exact('int', ['double', 'int'], 5), { int: 5 })
    assert.deepEqual(exact('int', ['double', 'long'], 5), { double: 5 })
    assert.deepEqual(exact(['null', 'int'], ['null', 'string', 'long'], 5), { long: 5n })
    const a = (name: string): AvroSchema => record(name, { name: 'a', type: 'int' })
    assert.deepEqual(exact(a('n.B'), [a('m.B'), a('n.B')], { a: 1 }), { 'n.B': { a: 1 } })
    assert.deepEqual(exact(a('n.B'), [a('A'), a('m.B')], { a: 1 }), { 'm.B': { a: 1 } })
    assert.match(
      refusal(() => compiles(a('n.B'), [a('A'), 'null'])),
      /^SCHEMA_INCOMPATIBLE/,
    )
  })
  test('a branch that fails leaves nothing behind that a later one could lean on', () => {
    // the first branch of the writer cannot be read, and both hold the record S, one through the other
    const s = record('S', { name: 'up', type: ['null', 'P'] }, { name: 'n', type: 'int' })
    const p = record('P', { name: 's', type: s }, { name: 'only', type: 'int' })
    const readP = record('P', { name: 's', type: s }, { name: 'missing', type: 'int' })
    const reader = [readP, record('Q', { name: 's', type: 'S' })]
    const writer = [p, record('Q', { name: 's', type: 'S' })]
    assert.deepEqual(evolved(writer, reader, { s: { up: null, n: 3 } }), { s: { up: null, n: 3 } })
    assert.match(
      refusal(() => evolved(writer, reader, { s: { up: null, n: 3 }, only: 1 })),
      /^SCHEMA_INCOMPATIBLE: .*missing/,
    )
    assert.match(
      refusal(() => evolved(writer, reader, { s: { up: { s: { up: null, n: 1 }, only: 1 }, n: 3 } })),
      /^SCHEMA_INCOMPATIBLE: .*missing/,
    )
  })
})

describe('logical types, where Avro alone would give a wrong number', () => {
  const logical = (type: string, logicalType: string): AvroSchema => ({ type, logicalType })
  const REFUSED: readonly (readonly [writer: AvroSchema, reader: AvroSchema, why: RegExp])[] = [
    [decimal(10, 2), decimal(10, 4), /a decimal of scale 2 is not read as one of scale 4/],
    [decimal(10, 2), decimal(9, 2), /a decimal of 10 digits is not read as one of 9/],
    [decimal(10, 2), 'string', /a decimal is not read as a string/],
    ['string', decimal(10, 2), /nor a string as a decimal/],
    [logical('long', 'timestamp-millis'), logical('long', 'timestamp-micros'), /'timestamp-millis' is not read as 'timestamp-micros'/],
    [logical('int', 'time-millis'), logical('long', 'time-micros'), /'time-millis' is not read as 'time-micros'/],
    [logical('int', 'date'), logical('long', 'timestamp-millis'), /'date' is not read as 'timestamp-millis'/],
  ]
  for (const [writer, reader, why] of REFUSED) {
    test(`${JSON.stringify(writer)} is not read as ${JSON.stringify(reader)}`, () =>
      assert.match(
        refusal(() => compiles(x(writer), x(reader))),
        why,
      ))
  }
  test('a larger precision, and one side without a logical type, are read', () => {
    assert.deepEqual(evolved(x(decimal(6, 2)), x(decimal(8, 2)), { x: new Decimal(5n, 2) }), { x: new Decimal(5n, 2) })
    assert.deepEqual(evolved(x('bytes'), x(decimal(8, 2)), { x: new Uint8Array([5]) }), { x: new Decimal(5n, 2) })
    assert.deepEqual(evolved(x(decimal(8, 2)), x('bytes'), { x: new Decimal(5n, 2) }), { x: new Uint8Array([5]) })
    assert.deepEqual(evolved(x('long'), x(logical('long', 'timestamp-millis')), { x: 5 }), { x: 5 })
  })
})

/** A reader's schema that can read a writer's, and what it makes of a value. */
type Evolution = { readonly schema: AvroSchema; readonly read: (value: unknown) => unknown }
function evolutionOf(schema: AvroSchema, choose: () => number, wrapping: 'may wrap' | 'wrapped' = 'may wrap'): Evolution {
  const same = { schema, read: (value: unknown): unknown => value }
  if (wrapping === 'may wrap' && choose() === 0 && !Array.isArray(schema)) {
    const inner = evolutionOf(schema, choose, 'wrapped')
    if (Array.isArray(inner.schema) || inner.schema === 'null') return inner
    return { schema: ['null', inner.schema], read: inner.read }
  }
  if (schema === 'int') return choose() < 2 ? { schema: 'double', read: value => value } : { schema: 'long', read: value => value }
  if (schema === 'float') return { schema: 'double', read: value => value }
  if (typeof schema === 'string' || Array.isArray(schema)) return same
  const s = schema as { type: string; items: AvroSchema; values: AvroSchema; fields: { name: string; type: AvroSchema }[] }
  if (s.type === 'array') {
    const items = evolutionOf(s.items, choose)
    return { schema: { ...s, items: items.schema }, read: value => (value as unknown[]).map(items.read) }
  }
  if (s.type === 'map') {
    const values = evolutionOf(s.values, choose)
    return {
      schema: { ...s, values: values.schema },
      read: value => Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, values.read(v)])),
    }
  }
  if (s.type !== 'record') return same
  const kept = s.fields.filter(() => choose() > 0).map(field => ({ field, inner: evolutionOf(field.type, choose) }))
  const fields = kept.map(({ field, inner }, i) =>
    i === 1 ? { name: 'renamed', aliases: [field.name], type: inner.schema } : { name: field.name, type: inner.schema },
  )
  const added = { name: 'added', type: { type: 'map', values: ['long', 'string'] }, default: { k: 'v' } }
  return {
    schema: { ...s, fields: [...fields.reverse(), added] } as AvroSchema,
    read: value => {
      const entries = kept.map(({ field, inner }, i) => [
        i === 1 ? 'renamed' : field.name,
        inner.read((value as Record<string, unknown>)[field.name]),
      ])
      return Object.fromEntries([...entries.reverse(), ['added', { k: 'v' }]])
    },
  }
}

test('random schemas that drop, add, rename, reorder, widen and make optional read what was written before', () => {
  const choices = fc.array(fc.nat(3), { minLength: 1, maxLength: 30 })
  const cases = sampleOf('plain').chain(({ schema, value }) => fc.tuple(fc.constant(schema), value, choices))
  fc.assert(
    fc.property(cases, ([writer, value, picks]) => {
      let at = 0
      const { schema: reader, read } = evolutionOf(writer, () => picks[at++ % picks.length]!)
      assert.deepEqual(evolved(writer, reader, value), read(value))
    }),
    { numRuns: 500 },
  )
})
