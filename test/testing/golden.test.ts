// A golden case holds what it says: here it is shown that it can fail, and at what.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import {
  aggregate,
  avro,
  count,
  decimal,
  feed,
  from,
  isMillraceError,
  json,
  map,
  type Processor,
  processor,
  scan,
  seconds,
  topic,
  tumbling,
} from '#lib/index.ts'
import { type GoldenCase, goldenRuns } from '#lib/testing/golden.ts'
import { valueFromJson, valueToJson } from '#lib/testing/golden/json-values.ts'

const place = mkdtempSync(join(tmpdir(), 'millrace-golden-'))
after(() => rmSync(place, { recursive: true }))
// What the tests themselves run under is no business of these.
const { MILLRACE_GOLDEN, CI } = process.env
beforeEach(() => {
  delete process.env['MILLRACE_GOLDEN']
  delete process.env['CI']
})
afterEach(() => {
  for (const [name, value] of Object.entries({ MILLRACE_GOLDEN, CI })) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

interface Reading {
  readonly sensor: string
  readonly at: number
  readonly n: number
}
const reading = json(value => value as Reading)
const readings = topic('readings', { value: reading, key: 'sensor', time: 'at' })
const sums = topic('sums', { value: json(value => value as { sensor: string; n: number }), key: 'sensor', time: 'record-timestamp' })
const lines = feed('lines', { value: reading, key: 'sensor', time: 'at' })

const summing = processor(
  'summing',
  from(readings)
    .pipe(
      scan('sum', {
        version: 1,
        ttl: null,
        initial: () => 0,
        next: (n, r: Reading) => ({ state: n + r.n, emit: [{ sensor: r.sensor, n: n + r.n }] }),
      }),
    )
    .to(sums),
)
const read = (sensor: string, at: number, n: number): string =>
  JSON.stringify({ topic: 'readings', value: { sensor, at: 1_700_000_000_000 + at, n } })
const INPUT = [read('a', 0, 1), read('b', 10, 2), read('a', 20, 3), read('c', 30, 4), read('b', 40, 5)]

let files = 0
function inFiles(input: readonly string[], expected?: string): Pick<GoldenCase, 'input' | 'expected'> {
  const name = join(place, String(files++))
  writeFileSync(`${name}.input.ndjson`, `${input.join('\n')}\n`)
  if (expected !== undefined) writeFileSync(`${name}.expected.ndjson`, expected)
  return { input: `${name}.input.ndjson`, expected: `${name}.expected.ndjson` }
}
/** The name of each run and what it threw. */
async function outcomes(of: GoldenCase): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = []
  for (const { name, run } of goldenRuns(of)) {
    try {
      await run()
      found.push([name, ''])
    } catch (error) {
      found.push([name, isMillraceError(error) ? `${error.code} ${error.message}` : (error as Error).message])
    }
  }
  return found
}
/** Expected is what comes of the straight run. */
async function updated(processors: Processor, input: readonly string[], more: Partial<GoldenCase> = {}): Promise<GoldenCase> {
  const of = { processors, ...inFiles(input), ...more }
  process.env['MILLRACE_GOLDEN'] = 'update'
  await goldenRuns(of)[0]!.run()
  delete process.env['MILLRACE_GOLDEN']
  return of
}

describe('a golden case', () => {
  test('is run straight, killed, and on other partition counts; all of it gives the one expected file', async () => {
    const of = await updated(summing, ['{"note":"sums"}', ...INPUT])
    assert.deepEqual(await outcomes(of), [
      ['straight, on 1 partition', ''],
      ['killed and resumed after every record, on 1 partition', ''],
      ['straight, on 3 partitions', ''],
      ['straight, on 8 partitions', ''],
      ['killed and resumed after every record, on 3 partitions', ''],
    ])
    const time = '"time":"2023-11-14T22:13:20.040Z"'
    assert.equal(
      readFileSync(of.expected, 'utf8').split('\n')[2],
      `{"topic":"sums","key":"b",${time.replace('40Z', '10Z')},"value":{"sensor":"b","n":2}}`,
    )
    assert.equal(readFileSync(of.expected, 'utf8').split('\n')[3], `{"topic":"sums","key":"b",${time},"value":{"sensor":"b","n":7}}`)
  })
  test('says which line is the first that differs, and how to write it down', async () => {
    const of = await updated(summing, INPUT, { partitions: [2] })
    writeFileSync(of.expected, readFileSync(of.expected, 'utf8').replace('"n":7', '"n":8'))
    for (const [, message] of await outcomes(of)) {
      assert.match(message, /expects, from line 4 on \(5 lines, expected are 5\):\n- .*"n":8.*\n- .*"c"/)
      assert.match(message, /\n[+] .*"n":7.*\n[\s\S]*MILLRACE_GOLDEN=update writes it down/)
    }
  })
  test('finds memory that does not survive a kill, though the straight run is as expected', async () => {
    let memory = 0
    const forgetful = processor(
      'forgetful',
      from(readings)
        .pipe(map(r => ({ sensor: r.sensor, n: (memory += r.n) })))
        .to(sums),
    )
    const of = await updated(forgetful, INPUT, { partitions: [1] })
    memory = 0
    const [[, straight], [, killed]] = (await outcomes(of)) as [[string, string], [string, string]]
    assert.equal(straight, '')
    assert.match(killed, /something else came out/)
  })
  test('finds results that hang on the number of partitions', async () => {
    const perTask = processor(
      'per-task',
      from(readings, { idle: 'never' })
        .pipe(
          tumbling('w', { size: seconds(10), grace: seconds(0), late: 'count-and-drop' }),
          aggregate({ n: count() }, { emit: 'on-close' }),
          map(w => ({ sensor: w.key, n: w.value.n })),
        )
        .to(sums),
    )
    const input = [read('a', 0, 1), read('c', 20_000, 1), read('a', 1_000, 1)]
    const of = await updated(perTask, input, { partitions: [1, 8] })
    const found = await outcomes(of)
    assert.deepEqual(
      found.map(([name, message]) => [name, message === '']),
      [
        ['straight, on 1 partition', true],
        ['killed and resumed after every record, on 1 partition', true],
        ['straight, on 8 partitions', false],
        ['killed and resumed after every record, on 8 partitions', false],
      ],
    )
  })
  test('holds rows, dead letters, late records and headers too, feeds raw text, and lets time pass', async () => {
    const reads = processor('reads', from(lines).to(readings))
    const of = await updated(reads, [
      '{"feed":"lines","value":{"sensor":"a","at":5,"n":1}}',
      '{"feed":"lines","text":"no JSON"}',
      '{"advance":60000}',
    ])
    assert.deepEqual(
      readFileSync(of.expected, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as unknown),
      [
        { topic: 'readings', key: 'a', time: '1970-01-01T00:00:00.005Z', value: { sensor: 'a', at: 5, n: 1 } },
        {
          deadLetter: {
            ...{ processor: 'reads', code: 'JSON_MALFORMED', message: 'the value is not JSON: it goes wrong (byte 0 of 7)' },
            ...{ stage: 'from', topic: 'lines', key: null, value: 'no JSON' },
          },
        },
      ],
    )
    assert.deepEqual(
      (await outcomes(of)).filter(([, message]) => message !== ''),
      [],
    )
  })
})

describe('writing down what is expected', () => {
  test('is done by the straight run when it is asked for, and only then', async () => {
    const of = { processors: summing, ...inFiles(INPUT) }
    const [straight] = goldenRuns(of)
    await assert.rejects(
      straight!.run(),
      (error: unknown) => isMillraceError(error) && /MILLRACE_GOLDEN=update makes it/.test(error.message),
    )
    process.env['MILLRACE_GOLDEN'] = 'update'
    await assert.rejects(goldenRuns(of)[1]!.run())
    assert.ok(!existsSync(of.expected))
    await straight!.run()
    assert.ok(existsSync(of.expected))
  })
  test('is refused in CI, and another word is not known', async () => {
    const of = { processors: summing, ...inFiles(INPUT, 'kept') }
    process.env['MILLRACE_GOLDEN'] = 'update'
    process.env['CI'] = 'true'
    const code = async (): Promise<string> => (await outcomes(of))[0]![1]
    assert.match(await code(), /^OPTION_INVALID .*for people/)
    process.env['MILLRACE_GOLDEN'] = 'yes'
    assert.match(await code(), /^OPTION_INVALID .*only 'update'/)
    assert.equal(readFileSync(of.expected, 'utf8'), 'kept')
  })
})

describe('lines that are none', () => {
  for (const [what, line, message] of [
    ['no JSON', '{"topic":', /line 2: .*JSON/],
    [
      'an unknown topic',
      '{"topic":"reading","value":1}',
      /line 2: none of the processors knows topic 'reading'; there are: readings, sums/,
    ],
    ['an unknown feed', '{"feed":"lines","value":1}', /line 2: none of the processors knows feed 'lines'; there are: none/],
    ['a topic without a value', '{"topic":"readings"}', /line 2: a line with a topic has a value/],
    ['no time', '{"advance":"1 min"}', /line 2: a line has a topic and a value/],
    ['nothing', '{}', /line 2: a line has a topic and a value/],
  ] as const)
    test(`${what} is refused by file and line`, async () => {
      const [[, found]] = (await outcomes({ processors: summing, ...inFiles([INPUT[0]!, line], '') })) as [[string, string]]
      assert.match(found, /^ROW_INVALID /)
      assert.match(found, message)
    })
  test('a file that is not there is named, and settings that cannot be are refused before anything runs', async () => {
    const nowhere = { processors: summing, input: join(place, 'nowhere'), expected: join(place, 'nowhere') }
    assert.match((await outcomes(nowhere))[0]![1], /^FILE_UNREADABLE .*nowhere cannot be read/)
    for (const wrong of [{ killEvery: 0 }, { killEvery: 1.5 }, { partitions: [] as unknown as [number] }])
      assert.throws(
        () => goldenRuns({ ...nowhere, ...wrong }),
        (error: unknown) => isMillraceError(error) && error.code === 'OPTION_INVALID',
      )
  })
})

test('values are read and written as their schema means them', () => {
  const codec = avro({
    type: 'record',
    name: 'Everything',
    fields: [
      { name: 'money', type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 2 } },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'big', type: { type: 'long', as: 'bigint' } },
      { name: 'bytes', type: 'bytes' },
      { name: 'ratio', type: 'double' },
      { name: 'maybe', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] },
      { name: 'either', type: ['string', 'double', { type: 'array', items: { type: 'long', as: 'bigint' } }] },
      { name: 'inner', type: { type: 'map', values: { type: 'record', name: 'Inner', fields: [{ name: 'v', type: ['null', 'Inner'] }] } } },
    ],
  } as never)
  const line = {
    ...{ money: '12.50', at: '2023-06-01T12:00:00.000Z', big: '9007199254740993', bytes: 'AAE=', ratio: 'NaN' },
    ...{ maybe: '1970-01-01T00:00:00.007Z', either: ['1'], inner: { a: { v: { v: null } } } },
  }
  const value = valueFromJson(codec as never, line)
  assert.deepEqual(value, {
    ...{ money: decimal('12.50', 2), at: Date.UTC(2023, 5, 1, 12), big: 9007199254740993n, bytes: Buffer.from([0, 1]), ratio: NaN },
    ...{ maybe: 7, either: [1n], inner: { a: { v: { v: null } } } },
  })
  assert.deepEqual(valueToJson(codec as never, value), line)
  const { maybe } = valueFromJson(codec as never, { ...line, maybe: null }) as { maybe: unknown }
  assert.equal(maybe, null)
})
