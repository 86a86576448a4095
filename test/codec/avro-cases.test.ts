// The recorded answers of Java Avro and fastavro for values in Confluent's wire format.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EXACT, PLAIN } from '#lib/codec/avro-model.ts'
import { readerOf } from '#lib/codec/avro-read.ts'
import { parseSchema } from '#lib/codec/avro-schema.ts'
import { openReader } from '#lib/codec/topic-codec.ts'
import { schemaIdAt } from '#lib/codec/wire.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { avroAs } from '#lib/model/codec.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { Decimal } from '#lib/model/decimal.ts'

interface AvroCase {
  readonly id: string
  readonly options: {
    readonly schemaId: number
    readonly schemaKnown?: boolean
    readonly writerSchema?: AvroSchema
    readonly readerSchema?: AvroSchema | null
  }
  readonly input: readonly { readonly bytes: string }[]
  readonly expected: readonly [{ readonly outcome: 'decode' | 'refuse'; readonly value?: unknown; readonly logical?: unknown }]
}

const FILE = new URL('../../../shared/cases/avro/cases.json', import.meta.url)
/** Integers that a double cannot hold stay exact: defaults of longs may be such. */
const exactNumbers = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? BigInt(context!.source!)
    : value
const cases: readonly AvroCase[] = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8'), exactNumbers) as AvroCase[]) : []
const skip = cases.length > 0 ? false : `the recorded cases are not at ${fileURLToPath(FILE)}`

/** As the cases' README writes values. */
function asCase(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(asCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asCase(item)]))
}
/** What a task does with the value, with the exact mapping. */
function decoded({ options, input }: AvroCase): unknown {
  const bytes = Buffer.from(input[0]!.bytes, 'base64')
  const id = schemaIdAt(bytes, 0, bytes.length)
  // the reader of tasks says what is wrong with the header and with the id
  const reader = openReader(avroAs<unknown>((options.readerSchema ?? 'null') as object), 'all')
  if (reader.missing(bytes, 0, bytes.length) === null || options.schemaKnown === false) {
    reader.learn(id, null)
    return reader.read(bytes, 0, bytes.length)
  }
  assert.equal(id, options.schemaId)
  const writer = parseSchema(options.writerSchema!, 'foreign')
  const { readerSchema = null } = options
  const own = readerSchema === null ? writer : parseSchema(readerSchema)
  return asCase(readerOf(writer, own, 'all', EXACT).read(bytes, 5, bytes.length))
}

if (skip !== false) test('recorded cases of Avro', { skip }, () => {})
for (const c of cases) {
  const [expected] = c.expected
  if (expected.outcome === 'decode') {
    test(`${c.id} decodes to the recorded value`, () => assert.deepEqual(decoded(c), asCase(expected.value)))
  } else {
    test(`${c.id} is refused with a code`, () => {
      assert.throws(
        () => decoded(c),
        error =>
          isMillraceError(error) && ['AVRO_MALFORMED', 'WIRE_MALFORMED', 'SCHEMA_UNKNOWN', 'SCHEMA_INCOMPATIBLE'].includes(error.code),
      )
    })
  }
}

/** A plain value as the case's `logical` text, as far as logical types change plain values at all. */
function decimalsIn(value: unknown): unknown {
  if (value instanceof Decimal) return value.toString()
  if (Array.isArray(value)) return value.map(decimalsIn)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return null
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decimalsIn(item)]))
}
for (const c of cases.filter(c => JSON.stringify(c.options.writerSchema)?.includes('"decimal"') && c.expected[0].logical !== undefined)) {
  test(`${c.id} has the recorded decimals`, () => {
    const bytes = Buffer.from(c.input[0]!.bytes, 'base64')
    const writer = parseSchema(c.options.writerSchema!, 'foreign')
    const value = decimalsIn(readerOf(writer, writer, 'all', PLAIN).read(bytes, 5, bytes.length))
    const isDecimalText = (item: unknown): boolean => typeof item === 'string' && /^-?\d+(\.\d+)?$/.test(item)
    const recorded = Object.entries(c.expected[0].logical as object).filter(([, item]) => isDecimalText(item))
    assert.ok(recorded.length > 0)
    for (const [key, item] of recorded) assert.equal((value as Record<string, unknown>)[key], item)
  })
}

const PROGRAM = `
  import { readFileSync } from 'node:fs'
  import { readerOf } from './lib/codec/avro-read.ts'
  import { parseSchema } from './lib/codec/avro-schema.ts'
  const before = process.resourceUsage().maxRSS
  let refused = 0
  for (const c of JSON.parse(readFileSync(process.argv[1], 'utf8')).filter(c => c.expected[0].outcome === 'refuse' && c.options.writerSchema)) {
    const bytes = Buffer.from(c.input[0].bytes, 'base64')
    try {
      const writer = parseSchema(c.options.writerSchema, 'foreign')
      readerOf(writer, c.options.readerSchema ? parseSchema(c.options.readerSchema) : writer, 'all').read(bytes, 5, bytes.length)
    } catch { refused++ }
  }
  console.log(JSON.stringify({ refused, kilobytes: process.resourceUsage().maxRSS - before }))
`
test('all refused cases together take less than 256 MiB in a process of their own, and end', { skip }, () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', PROGRAM, fileURLToPath(FILE)], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  const { refused, kilobytes } = JSON.parse(stdout) as { refused: number; kilobytes: number }
  assert.ok(refused > 0)
  assert.ok(kilobytes < 256 * 1024, `${kilobytes} KiB`)
})
