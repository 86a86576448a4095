import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { kindOf, sourcesOf, topicsOf } from '#lib/model/plan.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { Tables } from '#lib/ports/tables.ts'
import { planOfProcessor } from '#lib/stages/processor.ts'
import { Closing } from '#lib/embedded/closing.ts'
import { feedsOf, fileInput } from '../../app/feeds.ts'
import { openNotices } from '../../app/notices.ts'
import { INPUTS, PROCESSORS, SYSTEMS } from '../../app/systems.ts'
import { tablesOnceOpen } from '#lib/embedded/tables-once-open.ts'
import { coded } from '../adapters/embedded/opened.ts'
import { plainScreen, terminalScreen } from '../cli/screens.ts'

test('what was opened is closed in reverse order, once, whatever fails on the way', async () => {
  const closed: string[] = []
  const closing = new Closing()
  assert.equal(
    closing.after('log', async name => {
      await macrotask()
      closed.push(name)
    }),
    'log',
  )
  closing.after('registry', () => Promise.reject(new Error('already gone')))
  closing.after('tables', async name => void closed.push(name))
  await closing.close()
  await closing.close()
  assert.deepEqual(closed, ['tables', 'log'])
})

test('tables are opened once, at the first question; every question waits for them', async () => {
  let opened = 0
  let open!: (tables: Tables) => void
  const tables = tablesOnceOpen(() => {
    opened++
    return new Promise(resolve => {
      open = resolve
    })
  })
  await macrotask()
  assert.equal(opened, 0)
  const asked = Promise.all([tables.query('a'), tables.query('b')])
  const told = tables.open()
  await macrotask()
  let closed = 0
  open({ query: async (sql: string) => ({ columns: [sql], types: [], rows: [] }), close: async () => void closed++ } as unknown as Tables)
  await told
  assert.deepEqual(
    (await asked).map(r => r.columns[0]),
    ['a', 'b'],
  )
  assert.equal(opened, 1)
  await tables.close()
  assert.equal(closed, 1)
})

test('tables that do not open say why to everybody who asks, and closing them is quiet', async () => {
  const tables = tablesOnceOpen(() => Promise.reject(new MillraceError('DATA_CORRUPT', 'torn apart')))
  await assert.rejects(tables.open(), coded('DATA_CORRUPT', 'torn apart'))
  await assert.rejects(tables.query('x'), coded('DATA_CORRUPT', 'torn apart'))
  await tables.close()
  await tablesOnceOpen(() => assert.fail('opened to be closed')).close()
})

test('every processor of a system writes before it is read: a drain goes through them in this order', () => {
  for (const { id, processors } of SYSTEMS) {
    const all = [...Object.values(INPUTS).map(i => i.processor), ...processors]
    const written = new Set<string>()
    for (const p of all) {
      const topics = topicsOf(planOfProcessor(p))
      const later = all.slice(all.indexOf(p) + 1)
      for (const { topic, use } of topics) {
        if (use === 'reads')
          for (const l of later)
            assert.ok(
              !topicsOf(planOfProcessor(l)).some(t => t.use === 'writes' && t.topic.name === topic.name),
              `${id}: ${l.id} writes ${topic.name} behind its reader ${p.id}`,
            )
        if (use === 'writes') written.add(topic.name)
      }
    }
    for (const p of processors)
      for (const { topic, use } of topicsOf(planOfProcessor(p)))
        if (use === 'reads') assert.ok(written.has(topic.name), `${id}: nobody writes ${topic.name}`)
  }
})

test('every input is bound to a feed that its processor reads, and only inputs read feeds', () => {
  for (const { processor, feed } of Object.values(INPUTS)) assert.deepEqual([...new Set(feedsOf([processor]))], [feed])
  assert.deepEqual(feedsOf(SYSTEMS.flatMap(s => s.processors)), [])
  assert.deepEqual(PROCESSORS.map(p => p.id).sort(), [...new Set(PROCESSORS.map(p => p.id))].sort())
})

test('every table that a system loads, and every one that its status counts, is among those that are checked', () => {
  for (const { processors, tables, shown } of SYSTEMS) {
    const known = tables.map(t => t.name)
    const sinks = processors.map(planOfProcessor).filter(p => kindOf(p) === 'sink')
    const loaded = sinks.flatMap(p => p.nodes.flatMap(n => n.spec.targets ?? [])).map(t => t.to)
    assert.deepEqual([...new Set(loaded)].sort(), [...known].sort())
    for (const table of shown.tables) assert.ok(known.includes(table), table)
    assert.ok(sourcesOf(sinks[0]!).length > 0)
  }
})

test('files need a kind and a kind needs files; a file that is not there is told before anything is opened', () => {
  assert.equal(fileInput([], undefined), null)
  assert.throws(() => fileInput(['a.csv'], undefined), coded('OPTION_INVALID', '--as'))
  assert.throws(() => fileInput([], 'online-retail'), coded('OPTION_INVALID', '--input FILE…'))
  assert.throws(() => fileInput(['a.csv'], 'online-retial'), coded('OPTION_INVALID', "Did you mean 'online-retail'?"))
  assert.throws(() => fileInput(['/none/a.csv'], 'online-retail'), coded('FILE_UNREADABLE', '/none/a.csv'))
})

test('log lines are JSON on standard error, or notices where a terminal shows the status', () => {
  const settings = { logLevel: 'info' } as never
  const clock = { now: () => Date.UTC(2026, 0, 1), async sleep() {}, async breathe() {} }
  const plain = plainScreen()
  const lines = openNotices(settings, plain, 'shown', clock)
  lines.logger.warn({ code: 'DISK_FULL' }, 'no room')
  assert.deepEqual(JSON.parse(plain.written.err), { level: 'warn', time: '2026-01-01T00:00:00.000Z', code: 'DISK_FULL', msg: 'no room' })
  assert.deepEqual(lines.list(), [])

  const terminal = terminalScreen()
  const shown = openNotices(settings, terminal, 'shown', clock)
  for (let i = 0; i < 30; i++) shown.logger.info(`line ${i}`)
  shown.logger.error('stopped')
  assert.equal(terminal.written.err, '')
  assert.equal(shown.list().length, 20, 'only the last ones are kept')
  assert.deepEqual(shown.list().at(-1), { at: clock.now(), text: 'stopped', tone: 'bad' })

  const quiet = terminalScreen()
  openNotices(settings, quiet, 'none', clock).logger.info('line')
  assert.match(quiet.written.err, /"msg":"line"/)
})
