import assert from 'node:assert/strict'
import { test } from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import { EXACT, PLAIN } from '#lib/codec/avro-model.ts'
import { compileReader } from '#lib/codec/avro-read.ts'
import { compileWriter } from '#lib/codec/avro-write.ts'
import { Arena } from '#lib/model/arena.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { schemaWithValues } from './arbitrary-schemas.ts'

const bytesOf = (schema: AvroSchema, value: unknown, mapping = PLAIN): Buffer => {
  const arena = new Arena(8)
  compileWriter(schema, mapping).write(value, arena)
  return arena.copy()
}

/** avsc with 64-bit longs. */
const LONG = avsc.types.LongType.__with({
  fromBuffer: (b: Buffer) => b.readBigInt64LE(),
  toBuffer: (n: bigint) => {
    const b = Buffer.alloc(8)
    b.writeBigInt64LE(n)
    return b
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (n: unknown) => typeof n === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})
const peerOf = (schema: AvroSchema): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(JSON.stringify(schema)) as avsc.Schema, { wrapUnions: 'always', registry: { long: LONG } } as never)

/** avsc wraps every branch that is not null; we wrap where there is a choice. */
function forPeer(schema: AvroSchema, value: unknown): unknown {
  if (typeof schema === 'string') return schema === 'bytes' ? Buffer.from(value as Uint8Array) : value
  if (Array.isArray(schema)) {
    if (value === null) return null
    const branches = schema.filter(branch => branch !== 'null')
    const nameOf = (branch: AvroSchema): string =>
      typeof branch === 'string' ? branch : (((branch as { name?: string }).name ?? (branch as { type: string }).type) as string)
    if (branches.length === 1) return { [nameOf(branches[0])]: forPeer(branches[0], value) }
    const [name, inner] = Object.entries(value as object)[0]!
    return {
      [name]: forPeer(
        branches.find(branch => nameOf(branch) === name),
        inner,
      ),
    }
  }
  const s = schema as { type: string; items: AvroSchema; values: AvroSchema; fields: { name: string; type: AvroSchema }[] }
  switch (s.type) {
    case 'array':
      return (value as unknown[]).map(item => forPeer(s.items, item))
    case 'map':
      return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, forPeer(s.values, item)]))
    case 'record':
      return Object.fromEntries(s.fields.map(f => [f.name, forPeer(f.type, (value as Record<string, unknown>)[f.name])]))
    case 'fixed':
    case 'bytes':
      return Buffer.from(value as Uint8Array)
    default:
      return value
  }
}

test('any value of any schema is written as another implementation writes it, and read back as it was', () => {
  fc.assert(
    fc.property(schemaWithValues('exact', 'no-proto'), ({ schema, values }) => {
      const peer = peerOf(schema)
      const reader = compileReader(schema, schema, 'all', EXACT)
      for (const value of values) {
        const bytes = bytesOf(schema, value, EXACT)
        assert.deepEqual(bytes, peer.toBuffer(forPeer(schema, value)))
        assert.deepEqual(reader.read(bytes, 0, bytes.length), value)
      }
    }),
    { numRuns: 400 },
  )
})

test('any plain value comes back as it was, whichever branch of a union took it and whatever its keys are', () => {
  fc.assert(
    fc.property(schemaWithValues('plain'), ({ schema, values }) => {
      const reader = compileReader(schema, schema, 'all')
      for (const value of values) {
        const bytes = bytesOf(schema, value)
        assert.deepEqual(reader.read(bytes, 0, bytes.length), value)
      }
    }),
    { numRuns: 600 },
  )
})

test('a projection holds exactly the fields that were asked for, with the values of the full record', () => {
  const records = schemaWithValues('plain').filter(({ schema }) => (schema as { type?: unknown }).type === 'record')
  fc.assert(
    fc.property(records, fc.array(fc.nat(5)), ({ schema, values }, picks) => {
      const names = (schema as unknown as { fields: { name: string }[] }).fields.map(field => field.name)
      const fields = new Set(names.filter((_, i) => picks.includes(i)))
      const reader = compileReader(schema, schema, fields)
      for (const value of values) {
        const bytes = bytesOf(schema, value)
        const expected = Object.fromEntries(Object.entries(value as object).filter(([name]) => fields.has(name)))
        assert.deepEqual(reader.read(bytes, 0, bytes.length), expected)
      }
    }),
    { numRuns: 200 },
  )
})

type Change = { readonly at: number; readonly to: number; readonly kind: 'set' | 'insert' | 'remove' | 'cut' | 'repeat' }
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(10_000),
  to: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 254, 255)),
  kind: fc.constantFrom('set', 'insert', 'remove', 'cut', 'repeat'),
})
function damaged(bytes: Buffer, { at, to, kind }: Change): Buffer {
  const i = bytes.length === 0 ? 0 : at % bytes.length
  const [before, after] = [bytes.subarray(0, i), bytes.subarray(i)]
  switch (kind) {
    case 'set':
      return Buffer.concat([before, Buffer.from([to]), after.subarray(1)])
    case 'insert':
      return Buffer.concat([before, Buffer.from([to]), after])
    case 'remove':
      return Buffer.concat([before, after.subarray(1)])
    case 'cut':
      return Buffer.from(before)
    case 'repeat':
      return Buffer.concat([before, Buffer.alloc(12, to), after])
  }
}

test('damaged bytes are refused with a code or are a value of the schema, never read beyond their end, and a projection refuses no more', () => {
  let refusals = 0
  fc.assert(
    fc.property(schemaWithValues('plain'), fc.array(change, { minLength: 1, maxLength: 3 }), ({ schema, values }, changes) => {
      const reader = compileReader(schema, schema, 'all')
      const bytes = changes.reduce(damaged, bytesOf(schema, values[0]))
      let value: unknown
      try {
        value = reader.read(bytes, 0, bytes.length)
      } catch (error) {
        assert.ok(isMillraceError(error) && error.code === 'AVRO_MALFORMED', String(error))
        refusals++
        // the same bytes between others: what lies around them changes nothing
        const embedded = Buffer.concat([Buffer.alloc(7, 2), bytes, Buffer.alloc(40, 2)])
        assert.throws(() => reader.read(embedded, 7, 7 + bytes.length), { code: 'AVRO_MALFORMED', message: error.message })
        return
      }
      const again = bytesOf(schema, value)
      assert.deepEqual(reader.read(again, 0, again.length), value)
      const embedded = Buffer.concat([Buffer.alloc(7, 255), bytes, Buffer.alloc(40, 255)])
      assert.deepEqual(reader.read(embedded, 7, 7 + bytes.length), value)
      const fields = (schema as { fields?: { name: string }[] }).fields
      if (fields === undefined) return
      const none = compileReader(schema, schema, new Set())
      assert.deepEqual(none.read(bytes, 0, bytes.length), {})
    }),
    { numRuns: 3000 },
  )
  assert.ok(refusals > 100, `${refusals} refusals: the damage does damage`)
})

test('random bytes for random schemas are refused with a code or are a value', () => {
  fc.assert(
    fc.property(schemaWithValues('plain'), fc.uint8Array({ maxLength: 60 }), ({ schema }, random) => {
      const bytes = Buffer.from(random)
      try {
        compileReader(schema, schema, 'all').read(bytes, 0, bytes.length)
      } catch (error) {
        assert.ok(isMillraceError(error) && error.code === 'AVRO_MALFORMED', String(error))
      }
    }),
    { numRuns: 1000 },
  )
})
