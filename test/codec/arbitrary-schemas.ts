// Random Avro schemas with values of them, for property tests.
import fc from 'fast-check'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { Decimal } from '#lib/model/decimal.ts'

/** 'plain': values as processors see them; 'exact': longs as bigint, decimals as bytes, unions of several wrapped. */
export type Form = 'plain' | 'exact'
export interface Sample {
  readonly schema: AvroSchema
  readonly value: fc.Arbitrary<unknown>
}

type Json = { [property: string]: unknown }
const MOST_LONG = 2n ** 63n - 1n
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('__proto__', 'constructor', '', 'user-00042'),
)
const float = fc.float().map(Math.fround)
const bytes = fc.uint8Array({ maxLength: 40 }).map(b => new Uint8Array(b))
const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -200, max: 200 }),
  fc.constantFrom(1_760_000_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)
const big = fc.oneof(
  fc.bigInt({ min: -MOST_LONG - 1n, max: MOST_LONG }),
  fc.bigInt({ min: -70n, max: 70n }),
  fc.constantFrom(MOST_LONG, -MOST_LONG - 1n),
)
const integer = fc.oneof(fc.integer(), fc.integer({ min: -70, max: 70 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)))

const PRIMITIVES: readonly ((form: Form) => Sample)[] = [
  () => ({ schema: 'null', value: fc.constant(null) }),
  () => ({ schema: 'boolean', value: fc.boolean() }),
  () => ({ schema: 'int', value: integer }),
  form => ({ schema: 'long', value: form === 'exact' ? big : safe }),
  () => ({ schema: 'float', value: float }),
  () => ({ schema: 'double', value: fc.double() }),
  () => ({ schema: 'string', value: text }),
  () => ({ schema: 'bytes', value: bytes }),
]

/** Gives every named type of one schema a name of its own. */
class Names {
  #next = 0
  take(prefix: string): string {
    return `${prefix}${this.#next++}`
  }
}

/** @param maps whether maps may occur, and with any key */
export function sampleOf(form: Form, keys: 'any' | 'no-proto' = 'any'): fc.Arbitrary<Sample> {
  // the shape is drawn first, names are given when it is complete
  const shapes = fc.letrec<{ shape: (names: Names) => Sample }>(tie => ({
    shape: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...PRIMITIVES).map(primitive => () => primitive(form)),
      named(form),
      tie('shape').map(items => (names: Names) => arrayOf(items(names))),
      tie('shape').map(values => (names: Names) => mapOf(values(names), keys)),
      fc.array(tie('shape'), { minLength: 0, maxLength: 5 }).map(
        fields => (names: Names) =>
          recordOf(
            fields.map(field => field(names)),
            names,
            keys,
          ),
      ),
      fc.array(tie('shape'), { minLength: 1, maxLength: 4 }).map(
        branches => (names: Names) =>
          unionOf(
            branches.map(branch => branch(names)),
            form,
          ),
      ),
    ),
  }))
  return shapes.shape.map(shape => shape(new Names()))
}

function named(form: Form): fc.Arbitrary<(names: Names) => Sample> {
  return fc.oneof(
    fc.integer({ min: 1, max: 70 }).map(count => (names: Names) => {
      const symbols = Array.from({ length: count }, (_, i) => `S${i}`)
      return { schema: { type: 'enum', name: names.take('E'), symbols }, value: fc.constantFrom(...symbols) }
    }),
    fc.integer({ min: 1, max: 20 }).map(size => (names: Names) => ({
      schema: { type: 'fixed', name: names.take('F'), size },
      value: fc.uint8Array({ minLength: size, maxLength: size }).map(b => new Uint8Array(b)),
    })),
    fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(40), fc.boolean()).map(([precision, raw, isFixed]) => (names: Names) => {
      const scale = raw % (precision + 1)
      const logical = { logicalType: 'decimal', precision, scale }
      const schema = isFixed ? { type: 'fixed', name: names.take('D'), size: 20, ...logical } : { type: 'bytes', ...logical }
      if (form === 'exact')
        return { schema, value: isFixed ? fc.uint8Array({ minLength: 20, maxLength: 20 }).map(b => new Uint8Array(b)) : bytes }
      const most = 10n ** BigInt(precision) - 1n
      return { schema, value: fc.bigInt({ min: -most, max: most }).map(units => new Decimal(units, scale)) }
    }),
    fc.constant(() =>
      form === 'exact'
        ? { schema: 'long' as AvroSchema, value: big }
        : { schema: { type: 'long', as: 'bigint' } as AvroSchema, value: big },
    ),
  )
}

const arrayOf = (items: Sample): Sample => ({
  schema: { type: 'array', items: items.schema },
  value: fc.array(items.value, { maxLength: 5 }),
})
function mapOf(values: Sample, keys: 'any' | 'no-proto'): Sample {
  const key = keys === 'any' ? text : text.filter(k => k !== '__proto__')
  const value = fc.array(fc.tuple(key, values.value), { maxLength: 4 }).map(entries => Object.fromEntries(entries))
  return { schema: { type: 'map', values: values.schema }, value }
}
function recordOf(fields: readonly Sample[], names: Names, keys: 'any' | 'no-proto'): Sample {
  // avsc builds its records with code of its own, which knows no field called __proto__
  const special = keys === 'any' ? ['__proto__', 'constructor', 'toString'] : ['toString']
  const fieldNames = fields.map((_, i) => (i > 0 && i <= special.length ? special[i - 1]! : `f${i}`))
  const value = fc.tuple(...fields.map(f => f.value)).map(parts => Object.fromEntries(parts.map((part, i) => [fieldNames[i]!, part])))
  return {
    schema: { type: 'record', name: names.take('R'), fields: fields.map((f, i) => ({ name: fieldNames[i], type: f.schema })) },
    value,
  }
}
const nameIn = (schema: AvroSchema): string => {
  if (typeof schema === 'string') return schema
  const { type, name } = schema as Json
  return typeof name === 'string' ? name : (type as string)
}
function unionOf(samples: readonly Sample[], form: Form): Sample {
  const branches = new Map<string, Sample>()
  for (const sample of samples)
    if (!Array.isArray(sample.schema) && !branches.has(nameIn(sample.schema))) branches.set(nameIn(sample.schema), sample)
  if (branches.size === 0) branches.set('null', { schema: 'null', value: fc.constant(null) })
  const wrap = form === 'exact' && [...branches.keys()].filter(name => name !== 'null').length > 1
  const values = [...branches].map(([name, { value }]) => (wrap && name !== 'null' ? value.map(v => ({ [name]: v })) : value))
  return { schema: [...branches.values()].map(branch => branch.schema), value: fc.oneof(...values) }
}

/** A schema together with some values of it. */
export const schemaWithValues = (form: Form, keys: 'any' | 'no-proto' = 'any'): fc.Arbitrary<{ schema: AvroSchema; values: unknown[] }> =>
  sampleOf(form, keys).chain(({ schema, value }) => fc.array(value, { minLength: 1, maxLength: 4 }).map(values => ({ schema, values })))
