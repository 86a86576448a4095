// A real shop's ten months. The figures come from an independent count (Python's csv and gzip modules).
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openFileFeed } from '#lib/adapters/file/file-feed.ts'
import { givenOf } from './written-files.ts'

const FOLDER = fileURLToPath(new URL('../../../../shared/data/online-retail', import.meta.url))
const COLUMNS = ['InvoiceNo', 'StockCode', 'Description', 'Quantity', 'InvoiceDate', 'UnitPrice', 'CustomerID', 'Country']
const ROWS_OF_MONTHS = [42_481, 35_147, 27_707, 36_748, 29_916, 37_030, 36_874, 39_518, 35_284, 50_226]
const ABSENT = existsSync(FOLDER) ? false : `the data is not there: ${FOLDER}`
const files = () =>
  readdirSync(FOLDER)
    .filter(name => name.endsWith('.csv.gz'))
    .sort()
    .slice(0, 10)
    .map(name => join(FOLDER, name))
const feed = (groupBy?: string) => openFileFeed({ name: 'online_retail', files: files(), format: 'csv', columns: COLUMNS, groupBy })

test('370,931 rows, none refused, each month as many as it has', { skip: ABSENT }, async () => {
  const input = feed()
  const reader = await input.open(0, null)
  const months = new Map<string, number>()
  let quantity = 0
  while (!reader.ended) {
    for (const batch of (await reader.fetch(1 << 20)).batches) {
      for (const { file, value, error } of givenOf(batch)) {
        assert.equal(error, undefined)
        months.set(file, (months.get(file) ?? 0) + 1)
        quantity += Number((JSON.parse(value) as { Quantity: string }).Quantity)
      }
    }
  }
  assert.deepEqual([...months.values()], ROWS_OF_MONTHS)
  assert.equal(quantity, 3_639_299)
  const mark = JSON.parse(await input.mark()) as { files: { rows: number }[] }
  assert.deepEqual(
    mark.files.map(f => f.rows),
    ROWS_OF_MONTHS,
  )
})

test('18,786 invoices in 18,787 runs that hold every row, also when the reader is killed again and again', { skip: ABSENT }, async () => {
  const invoices = new Map<string, number>()
  let rows = 0
  let position = 0
  let mark: string | null = null
  for (let end = false; !end; ) {
    const input = feed('InvoiceNo')
    const reader = await input.open(position, mark)
    for (let fetches = 0; fetches < 12 && !reader.ended; fetches++) {
      const fetched = await reader.fetch(1 << 20)
      for (const batch of fetched.batches) {
        for (const { offset, value, error } of givenOf(batch)) {
          assert.equal(error, undefined)
          const run = JSON.parse(value) as { InvoiceNo: string; rows: object[] }
          assert.equal(offset, rows)
          rows += run.rows.length
          invoices.set(run.InvoiceNo, (invoices.get(run.InvoiceNo) ?? 0) + 1)
        }
      }
      position = fetched.next
    }
    end = reader.ended
    mark = await input.mark()
    reader.close()
  }
  assert.equal(rows, 370_931)
  assert.equal(invoices.size, 18_786)
  assert.deepEqual(
    [...invoices].filter(([, runs]) => runs > 1),
    [['542806', 2]],
  )
})
