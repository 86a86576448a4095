// Everything that can be wrong from outside: one clear message with a code, the right exit code, no stack, nothing lost.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Given, isCalm, millrace, place } from './millrace.ts'

const at = place(after)
let places = 0
const fresh = (): string => join(at, `data-${places++}`)

/** The last line of standard error, after log lines as JSON. */
async function refused(args: readonly string[], code: 1 | 2, given?: Given): Promise<string> {
  const ended = await millrace(args, given)
  assert.equal(ended.code, code, `${args.join(' ')}\n${ended.out}${ended.err}`)
  const message = ended.err
    .split('\n')
    .filter(line => !line.startsWith('{'))
    .join('\n')
  assert.ok(isCalm(message) && message.endsWith('\n'), message)
  return message.trimEnd()
}

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n'
const ROW = '536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n'
function file(name: string, content: string | Buffer): string {
  const path = join(at, name)
  writeFileSync(path, content)
  return path
}
/** Reads files into the log only: no database, so that each case is quick. */
const reading = (input: string, data = fresh()): readonly string[] => [
  'run',
  'invoices-to-orders',
  '--input',
  input,
  '--as',
  'online-retail',
  '--drain',
  '--data',
  data,
]

describe('typed wrong: exit code 2', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['strat', /^OPTION_INVALID: unknown command 'strat'[.] Did you mean 'start'\? `millrace --help` says what there is$/],
    ['start --rte 5', /^OPTION_INVALID: unknown option '--rte'[.] Did you mean '--rate'\? `millrace start --help`/],
    ['start extra', /^OPTION_INVALID: too many arguments for 'start'/],
    ['start --rate', /^OPTION_INVALID: option '--rate <n>' argument missing[.] `millrace start --help`/],
    ['start --rate fast', /^OPTION_INVALID: --rate is 'fast': it takes a number from 0[.]01 to 100000$/],
    ['start --rate fast --http x', /^OPTION_INVALID: 2 settings are wrong:\n {2}- --rate is 'fast': .*\n {2}- --http is 'x': /],
    ['query', /^OPTION_INVALID: missing required argument 'sql'[.] `millrace query --help`/],
    [
      'plan event-agregator',
      /^OPTION_INVALID: there is no processor 'event-agregator'[.] Did you mean 'event-aggregator'\? There are: orders-generator, /,
    ],
    ['plan --as svg', /^OPTION_INVALID: --as is 'svg': it takes text or json or mermaid[.]/],
    ['run', /^OPTION_INVALID: missing required argument 'what'/],
    ['run ordres', /^OPTION_INVALID: 'ordres' is neither a system nor a processor[.] Did you mean 'orders'\?/],
    ['run orders --input x.csv', /^OPTION_INVALID: --input needs --as, which says what the files hold: online-retail$/],
    ['run orders --as online-retail', /^OPTION_INVALID: --as online-retail needs files: --input FILE…$/],
    ['run orders --input x --as online-retal', /^OPTION_INVALID: --as is 'online-retal': .* Did you mean 'online-retail'\?$/],
    ['run orders-generator --drain', /^OPTION_INVALID: --drain waits for the end of the input, but the generator has none/],
    ['dlq replay', /^OPTION_INVALID: no letter is named: /],
    ['dlq replay a/0/1 --all a', /^OPTION_INVALID: ids and --all are given; /],
    ['dlq shwo x', /^OPTION_INVALID: unknown command 'shwo'[.] Did you mean 'show'\? `millrace dlq --help`/],
    ['state event-aggregator --limit none', /^OPTION_INVALID: --limit is 'none': it takes a whole number from 1 on$/],
  ]
  for (const [line, pattern] of cases) {
    test(`millrace ${line}`, async () => {
      assert.match(await refused(line.split(' '), 2), pattern)
    })
  }

  test('settings in the environment and in .env are checked as those that are typed', async () => {
    const cwd = join(at, 'dotenv')
    mkdirSync(cwd)
    writeFileSync(join(cwd, '.env'), 'MILLRACE_RATE=fast\nMILLRACE_PARTITONS=3\nKAFKA_BOOTSTRAP_SERVERS=hunter2:9092\n')
    const message = await refused(['start'], 2, { cwd, variables: { MILLRACE_HTTP_PORT: '-1' } })
    assert.match(message, /^OPTION_INVALID: 4 settings are wrong:\n/)
    for (const part of [
      'MILLRACE_RATE in .env',
      'MILLRACE_HTTP_PORT',
      "MILLRACE_PARTITONS in .env is no setting. Did you mean 'MILLRACE_PARTITIONS'?",
      'KAFKA_BOOTSTRAP_SERVERS: this version runs embedded only',
    ])
      assert.ok(message.includes(part), message)
    assert.doesNotMatch(message, /hunter2/)
    assert.deepEqual(readdirSync(cwd), ['.env'], 'nothing was made')
  })

  test('MILLRACE_DEBUG=1 shows where an error comes from', async () => {
    const { err } = await millrace(['plan', 'x'], { variables: { MILLRACE_DEBUG: '1' } })
    assert.match(err, /^OPTION_INVALID: .*\nMillraceError: .*\n\s+at /)
  })
})

describe('the data directory: exit code 1', () => {
  test('one that holds nothing is not made by looking', async () => {
    const data = fresh()
    for (const look of [['query', 'SELECT 1'], ['lag'], ['dlq', 'ls'], ['state', 'event-aggregator'], ['topics']])
      assert.match(
        await refused([...look, '--data', data], 1),
        /^DATA_DIR_UNUSABLE: .*data-\d+ holds no data: `millrace start` or `millrace run` makes a data directory/,
      )
    assert.ok(!readdirSync(at).includes(data.split('/').at(-1)!))
  })
  test('one that belongs to somebody else is left as it is', async () => {
    const data = fresh()
    mkdirSync(data)
    writeFileSync(join(data, 'thesis.tex'), 'text')
    assert.match(
      await refused(['start', '--data', data], 1),
      /^DATA_DIR_UNUSABLE: .* is not empty and holds no data of Millrace; choose a new or an empty directory/,
    )
    assert.deepEqual(readdirSync(data), ['thesis.tex'])
  })
  test('a file, and a place where no directory can be made', async () => {
    assert.match(
      await refused(['start', '--data', file('a-file', '')], 1),
      /^DATA_DIR_UNUSABLE: .*a-file cannot be used as a data directory: /,
    )
    assert.match(
      await refused(['start', '--data', join(at, 'a-file', 'below')], 1),
      /^DATA_DIR_UNUSABLE: .*below cannot be (made|used as a data directory): /,
    )
  })
  test('other partitions than it was made with', async () => {
    const data = fresh()
    assert.equal((await millrace([...reading(file('one.csv', HEADER + ROW), data), '--partitions', '3'])).code, 0)
    assert.match(
      await refused([...reading(join(at, 'one.csv'), data), '--partitions', '8'], 2),
      /^OPTION_INVALID: .* was made with 3 partitions, which cannot be changed; /,
    )
  })
  test('a damaged log, registry or directory file is named with its place, and left as it is', async () => {
    const data = fresh()
    const input = file('damage.csv', HEADER + Array.from({ length: 500 }, (_, i) => ROW.replace('536365', String(600_000 + i))).join(''))
    assert.equal((await millrace(reading(input, data))).code, 0)
    const damaged = async (path: string, change: (bytes: Buffer) => Buffer, pattern: RegExp): Promise<void> => {
      const whole = readFileSync(path)
      const broken = change(Buffer.from(whole))
      writeFileSync(path, broken)
      const message = await refused(reading(input, data), 1)
      assert.match(message, pattern)
      assert.ok(message.includes(path), message)
      assert.deepEqual(readFileSync(path), broken)
      writeFileSync(path, whole)
    }
    const segment = join(data, 'log', readdirSync(join(data, 'log')).find(name => name.endsWith('.seg'))!)
    await damaged(
      segment,
      bytes => {
        const middle = bytes.length >> 2
        bytes[middle] = bytes[middle]! ^ 0xff
        return bytes
      },
      /^DATA_CORRUPT: .* is damaged at byte \d+: .* Restore the data directory/,
    )
    await damaged(join(data, 'registry.json'), () => Buffer.from('{}'), /^DATA_CORRUPT: .*is damaged: .* Restore it/)
    await damaged(
      join(data, 'millrace.json'),
      bytes => bytes.subarray(0, 10),
      /^DATA_CORRUPT: .* is damaged: .* Restore it, or start with a new data directory/,
    )
    assert.equal((await millrace(reading(input, data))).code, 0, 'whole again, it works again')
  })
})

describe('input files: exit code 1', () => {
  test('one that is not there', async () => {
    const data = fresh()
    assert.match(await refused(reading(join(at, 'none.csv'), data), 1), /^FILE_UNREADABLE: .*none[.]csv/)
    assert.ok(!readdirSync(at).includes(data.split('/').at(-1)!), 'no directory is made for it')
  })
  test('one with other columns', async () => {
    assert.match(
      await refused(reading(file('columns.csv', 'a,b\n1,2\n')), 1),
      /^FILE_COLUMNS_WRONG: .*columns[.]csv.* a, b .*InvoiceNo, StockCode/,
    )
  })
  test('a torn gzip keeps what came before the tear, and the whole file goes on from there', async () => {
    const data = fresh()
    const lines =
      HEADER +
      Array.from({ length: 2_000 }, (_, i) =>
        ROW.replace('536365', String(700_000 + i)).replace('HOLDER', `thing ${(i * 7919) % 10_007}`),
      ).join('')
    const whole = gzipSync(lines)
    const path = file('torn.csv.gz', whole.subarray(0, whole.length >> 1))
    assert.match(await refused(reading(path, data), 1), /^FILE_TRUNCATED: .*torn[.]csv[.]gz.*restore the file and start again/)
    const kept = JSON.parse((await millrace(['topics', '--format', 'json', '--data', data])).out) as readonly {
      topic: string
      records: number
    }[]
    const before = kept.find(t => t.topic === 'order_events')!.records
    assert.ok(before > 0 && before < 2_000, String(before))
    writeFileSync(path, whole)
    assert.equal((await millrace(reading(path, data))).code, 0)
    const all = JSON.parse((await millrace(['topics', '--format', 'json', '--data', data])).out) as readonly {
      topic: string
      records: number
    }[]
    assert.equal(all.find(t => t.topic === 'order_events')!.records, 2_000)
  })
  test('one that changed since it was read in part', async () => {
    const data = fresh()
    const path = file('changed.csv', HEADER + ROW)
    assert.equal((await millrace(reading(path, data))).code, 0)
    writeFileSync(path, HEADER + ROW.replace('85123A', '71053'))
    assert.match(await refused(reading(path, data), 1), /^FILE_CHANGED: /)
  })
  test('a row that is none is a dead letter, and the run ends well', async () => {
    const data = fresh()
    const path = file(
      'rows.csv',
      `${HEADER}${ROW}536366,71053,LANTERN,six,2010-12-01 08:28:00,3.39,17850.0,United Kingdom\n${ROW.replace('536365', '536367')}`,
    )
    assert.equal((await millrace(reading(path, data))).code, 0)
    const letters = JSON.parse((await millrace(['dlq', 'ls', '--format', 'json', '--data', data])).out) as readonly {
      code: string
      message: string
    }[]
    assert.deepEqual(
      letters.map(l => l.code),
      ['ROW_INVALID'],
    )
    assert.match(letters[0]!.message, /536366.*Quantity.*six/)
  })
})

test('a port in use is told before anything is opened', async t => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const data = fresh()
  assert.match(
    await refused(['start', '--data', data, '--http', String(port)], 1),
    new RegExp(`^PORT_IN_USE: another program listens on 127.0.0.1:${port}; choose another port`),
  )
  assert.ok(!readdirSync(at).includes(data.split('/').at(-1)!))
})

test('help and version answer at once and well, with nothing typed wrong', async () => {
  const help = await millrace([])
  assert.equal(help.code, 0)
  for (const command of [
    'start',
    'run <what...>',
    'query <sql>',
    'state <processor>',
    'lag',
    'topics',
    'dlq',
    'plan [processor]',
    'types [directory]',
  ])
    assert.ok(help.out.includes(`\n  ${command} `), command)
  assert.deepEqual((await millrace(['--help'])).out, help.out)
  for (const line of help.out.split('\n')) assert.ok(line.length <= 110, line)
  const dlq = await millrace(['dlq'])
  assert.equal(dlq.code, 2)
  assert.match(dlq.out, /ls \[processor\][^]*show <letter>[^]*replay \[letters\.\.\.\]/)
  for (const command of ['start', 'run', 'query', 'state', 'lag', 'topics', 'plan', 'types']) {
    const { code, out } = await millrace([command, '--help'])
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^Usage: millrace ${command} `))
    for (const line of out.split('\n')) assert.ok(line.length <= 90, line)
  }
  assert.match((await millrace(['--version'])).out, /^\d+[.]\d+[.]\d+\n$/)
})

test('types --check finds the shipped schemas and their types in step', async () => {
  const { code, out, err } = await millrace(['types', join(import.meta.dirname, '../../schemas'), '--check'])
  assert.equal(code, 0, err)
  assert.match(out, /^\d+ files as the schemas say\n$/)
})
