import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compileReader } from '#lib/codec/avro-read.ts'
import { compileWriter } from '#lib/codec/avro-write.ts'
import { generateTypes } from '#lib/codec/generate-types.ts'
import { typesSourceOf } from '#lib/codec/types-source.ts'
import { Arena } from '#lib/model/arena.ts'
import type { AvroSchema, FromAvro } from '#lib/model/avro-type.ts'
import { Decimal } from '#lib/model/decimal.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { type Shipment, ShipmentSchema } from './schemas/shipment.generated.ts'
import { type Tree, TreeSchema } from './schemas/tree.generated.ts'
import { type DailyReadings, DailyReadingsSchema } from './schemas/units/daily-readings.generated.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** `FromAvro` with its intersections written out, so that both sides have one form. */
type Flat<T> = T extends Decimal | Uint8Array
  ? T
  : T extends (infer I)[]
    ? Flat<I>[]
    : T extends object
      ? { [P in keyof T]: Flat<T[P]> }
      : T
const holds = <T extends true>(): T => true as T
// a difference does not compile
holds<Same<Flat<FromAvro<typeof ShipmentSchema>>, Flat<Shipment>>>()
holds<Same<FromAvro<typeof DailyReadingsSchema>, DailyReadings>>()

const directoryOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-types-'))
  try {
    await body(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
const options = { file: 'sample.avsc', decimalFrom: 'millrace' }
const typesOf = (schema: AvroSchema): string => typesSourceOf(schema, options).split('\nexport const ')[0]!.split('\n').slice(1).join('\n')
const record = (name: string, ...fields: object[]): AvroSchema => ({ type: 'record', name, fields })

describe('no drift: every .avsc has the types that its text gives', () => {
  for (const path of ['../../schemas', './schemas']) {
    test(path.replaceAll('../', ''), async () => {
      for (const { file, state } of await generateTypes(directoryOf(path), 'check')) {
        assert.equal(state, 'same', `${file} is '${state}': run \`npx millrace types\``)
      }
    })
  }
})

test('a value of the generated type is written with the generated schema and read back', () => {
  const roundTrip = (schema: object, value: unknown): unknown => {
    const arena = new Arena()
    compileWriter(schema as AvroSchema).write(value, arena)
    return compileReader(schema as AvroSchema, schema as AvroSchema, 'all').read(arena.bytes, 0, arena.at)
  }
  const shipment: Shipment = {
    shipment_id: 's-1',
    at: 1_760_000_000_000,
    sequence: 2n ** 60n,
    weight: 0.1,
    price: new Decimal(-12_345n, 4),
    fee: new Decimal(5n, 0),
    state: 'sent',
    earlier: ['packed'],
    parts: [null, { sku: 'a', label: new Uint8Array([1]), digest: new Uint8Array(4) }],
    labels: { constructor: [1, 2] },
    fragile: true,
    nothing: null,
  }
  assert.deepEqual(roundTrip(ShipmentSchema, shipment), shipment)
  const tree: Omit<Tree, '__proto__'> = { age: 100, branches: [], parent: null }
  const grown = JSON.parse(`{"age":100,"branches":[],"parent":null,"__proto__":{"__proto__":"it's \\"data\\""}}`)
  assert.deepEqual(roundTrip(TreeSchema, tree), grown)
  assert.deepEqual(roundTrip(DailyReadingsSchema, [1.5]), [1.5])
})

test('the schema in the generated file is that of the .avsc, to the last property', async () => {
  const text = await readFile(directoryOf('./schemas/shipment.avsc'), 'utf8')
  assert.deepEqual(ShipmentSchema, JSON.parse(text))
  assert.deepEqual(TreeSchema, JSON.parse(await readFile(directoryOf('./schemas/tree.avsc'), 'utf8')))
})

describe('types', () => {
  test('a root without a name takes that of its file', () => {
    assert.equal(typesOf({ type: 'map', values: 'bytes' }), 'export type Sample = Record<string, Uint8Array>\n\n/** As in sample.avsc. */')
    assert.match(typesSourceOf('int', { ...options, file: '2-fast_counts.avsc' }), /^export type Avro2FastCounts = number$/m)
  })
  test('unions: null last, nothing twice, in parentheses inside arrays', () => {
    const union = ['null', 'int', 'double', { type: 'array', items: ['null', 'string'] }]
    assert.match(typesOf(union as AvroSchema), /^export type Sample = number \| \(string \| null\)\[\] \| null$/m)
  })
  test('Decimal is imported only where it is used', () => {
    const decimal = { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }
    assert.match(
      typesOf(record('R', { name: 'd', type: decimal })),
      /^import type \{ Decimal \} from 'millrace'\n\nexport interface R \{\n  d: Decimal<2>\n\}/,
    )
    assert.doesNotMatch(typesOf(record('R', { name: 'd', type: 'bytes' })), /import/)
  })
  test('no two types may get one name, nor one that TypeScript uses', () => {
    const nested = (a: string, b: string): AvroSchema => record(a, { name: 'x', type: record(b, { name: 'y', type: 'int' }) })
    const CLASHES: readonly (readonly [AvroSchema, RegExp])[] = [
      [nested('a.Thing', 'b.Thing'), /'b\.Thing': it would be named as 'Thing' is; rename it/],
      [nested('Order', 'OrderSchema'), /'OrderSchema': it would be named as 'Order' is/],
      [record('Decimal'), /'Decimal': 'Decimal' means something else in TypeScript/],
      [['null', record('Sample')], /'the schema itself': it would be named as 'Sample' is/],
    ]
    for (const [schema, message] of CLASHES) {
      assert.throws(
        () => typesSourceOf(schema, options),
        error => isMillraceError(error) && error.code === 'SCHEMA_INVALID' && message.test(error.message),
      )
    }
  })
})

describe('files', () => {
  const avsc = JSON.stringify(record('Order', { name: 'id', type: 'long' }))
  test('write makes what is missing or different and leaves alone what is the same; check only tells', () =>
    withDirectory(async directory => {
      await mkdir(join(directory, 'shop'))
      await writeFile(join(directory, 'shop', 'order.avsc'), avsc)
      await writeFile(join(directory, 'shop', 'topics.ts'), '')
      const states = async (mode: 'write' | 'check'): Promise<string[]> =>
        (await generateTypes(directory, mode)).map(({ file, state }) => `${file} ${state}`)
      const generated = join(directory, 'shop', 'order.generated.ts')
      assert.deepEqual(await states('check'), ['shop/order.generated.ts missing'])
      await assert.rejects(stat(generated), 'check writes nothing')
      assert.deepEqual(await states('write'), ['shop/order.generated.ts written'])
      const text = await readFile(generated, 'utf8')
      const { mtimeMs } = await stat(generated)
      assert.deepEqual(await states('write'), ['shop/order.generated.ts same'])
      assert.equal((await stat(generated)).mtimeMs, mtimeMs)
      await writeFile(generated, text.replace('number', 'string'))
      assert.deepEqual(await states('check'), ['shop/order.generated.ts differs'])
      assert.deepEqual(await states('write'), ['shop/order.generated.ts written'])
      assert.equal(await readFile(generated, 'utf8'), text, 'the same text every time')
      await rm(join(directory, 'shop', 'order.avsc'))
      assert.deepEqual(await states('write'), ['shop/order.generated.ts orphan'])
      assert.equal(await readFile(generated, 'utf8'), text)
    }))
  test('the directory may be given in any form, the names are relative to it', async () => {
    const here = relative(process.cwd(), directoryOf('./schemas'))
    for (const directory of [here, `./${here}/`, `${here}/units/..`, directoryOf('./schemas')]) {
      const files = await generateTypes(directory, 'check')
      assert.deepEqual(
        files.map(({ file }) => file),
        ['shipment.generated.ts', 'tree.generated.ts', 'units/daily-readings.generated.ts'],
      )
    }
  })
  test('a directory without schemas has nothing to generate; one that is not there is FILE_UNREADABLE', () =>
    withDirectory(async directory => {
      assert.deepEqual(await generateTypes(directory, 'check'), [])
      await assert.rejects(
        generateTypes(join(directory, 'none'), 'check'),
        error => isMillraceError(error) && error.code === 'FILE_UNREADABLE',
      )
    }))
  test('SCHEMA_INVALID names the file and why, and nothing is written', () =>
    withDirectory(async directory => {
      await writeFile(join(directory, 'a.avsc'), avsc)
      const WRONG: readonly (readonly [string, RegExp])[] = [
        ['{', /b\.avsc': /],
        [JSON.stringify(record('B', { name: 'x', type: 'strin' })), /b\.avsc': the Avro schema at 'B\.x' refers to 'strin'/],
      ]
      for (const [text, message] of WRONG) {
        await writeFile(join(directory, 'b.avsc'), text)
        await assert.rejects(generateTypes(directory, 'write'), error => {
          assert.ok(isMillraceError(error) && error.code === 'SCHEMA_INVALID')
          assert.equal(error.where.file, join(directory, 'b.avsc'))
          return message.test(error.message)
        })
        await assert.rejects(stat(join(directory, 'a.generated.ts')))
      }
    }))
})
