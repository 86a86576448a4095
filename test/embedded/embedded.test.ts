// The third door, on real directories: what a program sees of a system in its own process.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { concat, firstValueFrom, from as rxFrom, lastValueFrom, NEVER, Observable, Subject, take, throwError, toArray } from 'rxjs'
import {
  aggregate,
  count,
  feed,
  from,
  fromObservable,
  integer,
  json,
  map,
  minutes,
  nullable,
  processor,
  scan,
  seconds,
  table,
  text,
  topic,
  tumbling,
  upsert,
} from '#lib/index.ts'
import { readAddress } from '#lib/cli/control/address.ts'
import { remoteInspection } from '#lib/cli/control/client.ts'
import { type Embedded, embedded, type EmbeddedOptions, openFileFeed } from '#lib/embedded.ts'
import { migrationsIn, sqlOf } from '#lib/embedded/migrated-tables.ts'
import { tableSpecOf } from '#lib/model/table.ts'
import { coded } from '../adapters/embedded/opened.ts'

interface Sale {
  readonly shop: string
  readonly at: number
  readonly n: number
}
interface Sum {
  readonly shop: string
  readonly n: number
}
const NOON = Date.UTC(2026, 0, 1, 12)
const sale = json(value => value as Sale)
const sales = topic('sales', { value: sale, key: 'shop', time: 'at' })
const sums = topic('sums', { value: json(value => value as Sum), key: 'shop', time: 'record-timestamp' })
const sold = (shop: string, n: number, at = NOON): Sale => ({ shop, n, at })
const running = {
  version: 1,
  ttl: null,
  initial: () => 0,
  next: (sum: number, s: Sale) => ({ state: sum + s.n, emit: [{ shop: s.shop, n: sum + s.n }] }),
}
const summing = processor('summing', from(sales).pipe(scan('running', running)).to(sums))

function place(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'millrace-embedded-'))
  t.after(() => rmSync(made, { recursive: true }))
  return join(made, 'data')
}
/** Is stopped when the test ends, before its directory goes. */
async function started(
  t: TestContext,
  options: Partial<EmbeddedOptions> & Pick<EmbeddedOptions, 'directory'>,
): Promise<{ millrace: Embedded; lines: string[] }> {
  const lines: string[] = []
  const millrace = await embedded({ processors: summing, log: line => lines.push(line), ...options })
  t.after(() => millrace.stop())
  return { millrace, lines }
}
const all = async (millrace: Embedded): Promise<readonly Sum[]> => {
  const found: Sum[] = []
  const seen = millrace.observe(sums, { from: 'earliest' }).subscribe(r => found.push(r.value))
  await millrace.stop() // who observes hears everything before it is over
  assert.ok(seen.closed)
  return found
}

describe('a system in a program', () => {
  test('takes values, gives what is committed, and goes on where it was when it is stopped and started again', async t => {
    const directory = place(t)
    const { millrace } = await started(t, { directory, partitions: 2 })
    const first = firstValueFrom(millrace.observe(sums))
    await millrace.send(sales, sold('ann', 1), sold('bob', 2))
    assert.equal((await first).topic, 'sums')
    await millrace.drain()
    await millrace.send(sales, sold('ann', 3))
    await millrace.stop()
    await millrace.stop()
    await assert.rejects(millrace.send(sales, sold('ann', 9)), coded('LOG_UNAVAILABLE'))

    const again = (await started(t, { directory })).millrace
    await again.send(sales, sold('ann', 5))
    await again.drain()
    assert.deepEqual(
      (await all(again)).filter(s => s.shop === 'ann').map(s => s.n),
      [1, 4, 9],
    )
  })
  test('loads tables that nobody made, answers questions, and refuses a table that is described otherwise until a migration changes it', async t => {
    const directory = place(t)
    const columns = { shop: text, at: integer, sales: integer }
    const perMinute = table('per_minute', { columns, key: ['shop', 'at'] })
    const counted = topic('counted', {
      value: json(value => value as { shop: string; at: number; sales: number }),
      key: 'shop',
      time: 'record-timestamp',
    })
    const counting = processor(
      'counting',
      from(sales)
        .pipe(
          tumbling('minutes', { size: minutes(1), grace: seconds(0), late: 'count-and-drop' }),
          aggregate({ sales: count() }, { emit: 'on-close' }),
          map(w => ({ shop: w.key, at: (w.start - NOON) / 60_000, sales: w.value.sales })),
        )
        .to(counted),
    )
    const loading = processor('loading', from(counted).to(upsert(perMinute, row => row)))
    const { millrace } = await started(t, { directory, processors: [loading, counting] })
    await millrace.send(sales, sold('ann', 1), sold('ann', 2, NOON + 1), sold('bob', 1, NOON + 60_000))
    await millrace.drain()
    const { columns: names, rows } = await millrace.query('SELECT shop, at, sales FROM per_minute ORDER BY shop, at')
    assert.deepEqual(
      [names, rows],
      [
        ['shop', 'at', 'sales'],
        [
          ['ann', '0', '2'],
          ['bob', '1', '1'],
        ],
      ],
    )
    await assert.rejects(millrace.query('DROP TABLE per_minute'), coded('QUERY_FAILED'))
    const { tasks } = await millrace.inspection.status()
    assert.equal(tasks.find(task => task.processor === 'counting')!.open, 0)
    await millrace.stop()

    const wider = table('per_minute', { columns: { ...columns, note: nullable(text) }, key: ['shop', 'at'] })
    const loadingMore = processor('loading', from(counted).to(upsert(wider, row => ({ ...row, note: null }))))
    const options = { directory, processors: [counting, loadingMore] }
    await assert.rejects(embedded(options), coded('TABLE_DIFFERS', "'note'"))
    const migrations = [{ name: '000001-note', sql: 'ALTER TABLE per_minute ADD COLUMN note text' }]
    const { millrace: changed } = await started(t, { ...options, migrations })
    assert.deepEqual((await changed.query('SELECT count(*), count(note) FROM per_minute')).rows, [['2', '0']])
  })
  test('has its directory for itself, and only as it was made', async t => {
    const directory = place(t)
    const { millrace } = await started(t, { directory, partitions: 2, app: 'shop' })
    await assert.rejects(embedded({ directory, processors: summing, app: 'shop' }), coded('DATA_DIR_IN_USE'))
    await millrace.stop()
    await assert.rejects(
      embedded({ directory, processors: summing, app: 'shop', partitions: 3 }),
      coded('OPTION_INVALID', 'made with 2 partitions'),
    )
    await assert.rejects(embedded({ directory, processors: summing }), coded('OPTION_INVALID', "the app name 'shop'"))
    await (await started(t, { directory, app: 'shop' })).millrace.stop()
  })
  test('refuses options that cannot be before anything is made', async t => {
    const directory = place(t)
    const reading = processor('reading', from(feed('lines', { value: sale, key: 'shop', time: 'at' })).to(sales))
    for (const [wrong, words] of [
      [{ directory: '' }, 'directory'],
      [{ processors: [] }, 'at least one processor'],
      [{ partitions: 0 }, 'partitions is 0'],
      [{ partitions: 1.5 }, 'partitions is 1.5'],
      [{ app: 'My Shop' }, "'My Shop'"],
      [{ processors: reading }, "'reading' reads the feed 'lines'"],
    ] as const)
      await assert.rejects(embedded({ directory, processors: summing, ...wrong } as EmbeddedOptions), coded('OPTION_INVALID', words))
    assert.ok(!existsSync(directory))
  })
  test('reads files as feeds', async t => {
    const directory = place(t)
    const file = join(directory, '..', 'sales.ndjson')
    writeFileSync(file, [sold('ann', 1), sold('ann', 2)].map(s => `${JSON.stringify(s)}\n`).join(''))
    const lines = feed('lines', { value: sale, key: 'shop', time: 'at' })
    const { millrace } = await started(t, {
      directory,
      processors: processor('reading', from(lines).pipe(scan('running', running)).to(sums)),
      feeds: { lines: openFileFeed({ name: 'lines', files: [file], format: 'ndjson' }) },
    })
    await millrace.drain()
    assert.deepEqual(
      (await all(millrace)).map(s => s.n),
      [1, 3],
    )
  })
  test('tells what stopped a task for good, and in its log lines', async t => {
    const fussy = processor(
      'fussy',
      from(sales)
        .pipe(
          map(s => {
            if (s.n < 0) throw new RangeError('below zero')
            return { shop: s.shop, n: s.n }
          }),
        )
        .to(sums),
      { onFailure: { process: 'stop' } },
    )
    const { millrace, lines } = await started(t, { directory: place(t), processors: fussy })
    const failed = millrace.failed()
    await millrace.send(sales, sold('ann', -1))
    assert.ok(coded('USER_FUNCTION_FAILED', 'below zero')(await failed))
    await assert.rejects(millrace.drain(), coded('USER_FUNCTION_FAILED'))
    assert.match(lines.join(''), /"level":"error".*"code":"USER_FUNCTION_FAILED"/)
  })
  test('answers other processes where it says so, and listens to nobody otherwise', async t => {
    const directory = place(t)
    const { millrace } = await started(t, { directory })
    assert.equal(await readAddress(directory), null)
    await millrace.stop()
    const { millrace: serving } = await started(t, { directory, control: 'serve' })
    await serving.send(sales, sold('ann', 1))
    await serving.drain()
    const lag = await remoteInspection((await readAddress(directory))!).lag()
    assert.deepEqual(
      lag.filter(row => row.position > 0).map(row => [row.processor, row.topic, row.lag]),
      [['summing', 'sales', 0]],
    )
    await serving.stop()
    assert.equal(await readAddress(directory), null)
  })
})

describe('an Observable as a source', () => {
  const options = { value: sale, key: 'shop', time: 'at' } as const
  const summed = (name: string, source: ReturnType<typeof fromObservable<Sale, 'shop'>>) =>
    processor(name, from(source).pipe(scan('running', running)).to(sums))

  test('is subscribed when its readers run; drain() takes what it has emitted by then', async t => {
    const subject = new Subject<Sale>()
    const { millrace } = await started(t, {
      directory: place(t),
      processors: summed('live', fromObservable('live-sales', subject, options)),
    })
    assert.ok(subject.observed)
    const seen = lastValueFrom(millrace.observe(sums).pipe(take(3), toArray()))
    for (const n of [1, 2, 3]) subject.next(sold('ann', n))
    await millrace.drain()
    assert.deepEqual(
      (await seen).map(r => r.value.n),
      [1, 3, 6],
    )
    await millrace.stop()
    assert.ok(!subject.observed)
  })
  test('that emits right before the stop is committed and processed, and who observes hears of it', async t => {
    const subject = new Subject<Sale>()
    const { millrace } = await started(t, {
      directory: place(t),
      processors: summed('live', fromObservable('live-sales', subject, options)),
    })
    const committed: number[] = []
    const source = millrace.observe(fromObservable('live-sales', NEVER, options)).subscribe(r => committed.push(r.value.n))
    for (let n = 0; n < 100; n++) subject.next(sold('ann', n))
    await millrace.stop()
    assert.equal(committed.length, 100)
    assert.ok(source.closed)
  })
  test('that completes leaves a system that goes on', async t => {
    const done = rxFrom([sold('ann', 1), sold('bob', 2)])
    const { millrace } = await started(t, {
      directory: place(t),
      processors: [summed('once', fromObservable('once-sales', done, options)), summing],
    })
    await millrace.drain()
    await millrace.send(sales, sold('cid', 3))
    await millrace.drain()
    assert.deepEqual((await all(millrace)).map(s => s.n).toSorted(), [1, 2, 3])
  })
  test('that fails is told by failed(), drain() and the log, and what it emitted before is committed', async t => {
    const broken = concat(
      rxFrom([sold('ann', 1), sold('ann', 2)]),
      throwError(() => new Error('cut')),
    )
    const { millrace, lines } = await started(t, {
      directory: place(t),
      processors: summed('broken', fromObservable('broken-sales', broken, options)),
    })
    assert.ok(coded('SOURCE_FAILED', 'cut')(await millrace.failed()))
    await assert.rejects(millrace.drain(), coded('SOURCE_FAILED'))
    assert.match(lines.join(''), /"level":"error".*"code":"SOURCE_FAILED"/)
    assert.deepEqual(
      (await all(millrace)).map(s => s.n),
      [1, 3],
    )
  })
  test('is read by several processors and subscribed once; two of one name are a mistake', async t => {
    let subscriptions = 0
    const subject = new Subject<Sale>()
    const counted = new Observable<Sale>(subscriber => {
      subscriptions++
      return subject.subscribe(subscriber)
    })
    const source = fromObservable('live-sales', counted, options)
    const directory = place(t)
    const { millrace } = await started(t, { directory, processors: [summed('one', source), summed('two', source)] })
    assert.equal(subscriptions, 1)
    subject.next(sold('ann', 7))
    await millrace.drain()
    assert.deepEqual(
      (await all(millrace)).map(s => s.n),
      [7, 7],
    )
    const twice = [summed('one', source), summed('two', fromObservable('live-sales', NEVER, options))]
    await assert.rejects(
      embedded({ directory, processors: twice }),
      coded('PLAN_INVALID', "two Observables are to be the source 'live-sales'"),
    )
  })
  test('that emits what the topic cannot hold says so once a minute, where it may leave it out', async t => {
    const subject = new Subject<Sale>()
    const source = fromObservable('live-sales', subject, { ...options, refused: 'skip' })
    const { millrace, lines } = await started(t, { directory: place(t), processors: summed('live', source) })
    for (const s of [
      sold('ann', 1),
      { ...sold('ann', 2), shop: null as never },
      { ...sold('ann', 3), shop: null as never },
      sold('ann', 4),
    ])
      subject.next(s)
    await millrace.drain()
    assert.equal(lines.filter(line => line.includes('left out')).length, 1)
    assert.match(lines.join(''), /"code":"KEY_MISSING"/)
    assert.deepEqual(
      (await all(millrace)).map(s => s.n),
      [1, 5],
    )
  })
})

test('a table is made with its columns, its key, and an index on its time', () => {
  const described = tableSpecOf(table('sales', { columns: { shop: text, n: nullable(integer) }, key: ['shop'] }) as never)
  assert.equal(sqlOf(described), 'CREATE TABLE "sales" (\n  "shop" text NOT NULL,\n  "n" integer,\n  PRIMARY KEY ("shop")\n);\n')
  assert.match(sqlOf({ ...described, time: 'n' }), /CREATE INDEX ON "sales" \("n"\);\n$/)
})
test('migrations are the .sql files of a folder by name, or are given; a folder that is not there is told', t => {
  const folder = join(place(t), '..', 'sql')
  mkdirSync(folder)
  for (const [name, sql] of [
    ['2.sql', 'SELECT 2'],
    ['1.sql', 'SELECT 1'],
    ['README.md', ''],
  ] as const)
    writeFileSync(join(folder, name), sql)
  assert.deepEqual(migrationsIn(pathToFileURL(folder)), [
    { name: '1.sql', sql: 'SELECT 1' },
    { name: '2.sql', sql: 'SELECT 2' },
  ])
  assert.deepEqual(migrationsIn([{ name: 'x', sql: 'y' }]), [{ name: 'x', sql: 'y' }])
  assert.throws(() => migrationsIn(pathToFileURL(join(folder, 'none'))), coded('FILE_UNREADABLE'))
})
