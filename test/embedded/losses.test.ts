// A data directory of which a part was lost, cut off or taken from elsewhere: said before anything is written.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { avroAs, from, integer, processor, table, text, topic, upsert } from '#lib/index.ts'
import { embedded } from '#lib/embedded.ts'
import { coded } from '../adapters/embedded/opened.ts'

interface Sale {
  readonly id: string
  readonly n: number
}
const Sale = {
  type: 'record',
  name: 'Sale',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'n', type: 'int' },
  ],
}
const sales = topic('sales', { value: avroAs<Sale>(Sale), key: 'id', time: 'record-timestamp' })
const sold = table('sold', { columns: { id: text, n: integer }, key: ['id'] })
const loader = processor('loader', from(sales).to(upsert(sold, s => s)))

const home = mkdtempSync(join(tmpdir(), 'millrace-losses-'))
const whole = join(home, 'whole')
const open = (directory: string) => embedded({ directory, processors: loader, partitions: 1, logLevel: 'silent' })
const count = async (directory: string): Promise<string | null> => {
  const millrace = await open(directory)
  await millrace.drain()
  const { rows } = await millrace.query('SELECT count(*) FROM sold')
  await millrace.stop()
  return rows[0]![0]!
}
before(async () => {
  const millrace = await open(whole)
  await millrace.send(sales, ...Array.from({ length: 20 }, (_, n) => ({ id: `s${n}`, n })))
  await millrace.drain()
  await millrace.stop()
})
after(() => rmSync(home, { recursive: true }))
function copy(name: string): string {
  const directory = join(home, name)
  cpSync(whole, directory, { recursive: true })
  return directory
}

test('a log that ends before what the tables have loaded is DATA_LOSS, also where a new one would soon hold as many records', async () => {
  const directory = copy('without-log')
  renameSync(join(directory, 'log'), join(home, 'log'))
  await assert.rejects(open(directory), coded('DATA_LOSS', "'loader' has loaded sales/0 up to offset 20", 'the log ends at 0'))
  await assert.rejects(open(directory), coded('DATA_LOSS'), 'and stays so')
  rmSync(join(directory, 'log'), { recursive: true })
  renameSync(join(home, 'log'), join(directory, 'log'))
  assert.equal(await count(directory), '20')
})

test('tables that were removed are loaded again from the log', async () => {
  const directory = copy('without-tables')
  rmSync(join(directory, 'tables'), { recursive: true })
  assert.equal(await count(directory), '20')
})

test('a registry that was lost is DATA_LOSS while there are records written with its schemas', async () => {
  const directory = copy('without-registry')
  renameSync(join(directory, 'registry.json'), join(home, 'registry.json'))
  await assert.rejects(open(directory), coded('DATA_LOSS', 'registry.json'))
  renameSync(join(home, 'registry.json'), join(directory, 'registry.json'))
  assert.equal(await count(directory), '20')
})
