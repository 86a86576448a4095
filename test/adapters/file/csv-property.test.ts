import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { CsvRows } from '#lib/adapters/file/csv.ts'
import type { TextSource } from '#lib/adapters/file/text-source.ts'
import { TextWindow } from '#lib/adapters/file/text-window.ts'
import { Arena } from '#lib/model/arena.ts'
import { oracleRows, written } from './csv-oracle.ts'
import { folder, recordsOf } from './written-files.ts'

const cell = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).filter(s => s.isWellFormed()),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', '\r\n', ' ', '\\', 'a', 'é', '\u0000', '\ufeff', '😀'), maxLength: 10 }),
)
const quoting = fc.constantFrom('when needed' as const, 'always' as const)

test('whatever a table holds and however it is quoted, cut into files and packed, its cells come back as they are', async () => {
  const made = folder()
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 5 }).chain(width =>
          fc.record({
            // A text that begins with NUL is taken for UTF-16.
            names: fc.uniqueArray(
              cell.filter(name => !name.includes('\u0000')),
              { minLength: width, maxLength: width },
            ),
            files: fc.array(fc.array(fc.array(fc.tuple(cell, quoting), { minLength: width, maxLength: width }), { maxLength: 6 }), {
              minLength: 1,
              maxLength: 3,
            }),
          }),
        ),
        fc.record({
          end: fc.constantFrom('\n', '\r\n'),
          last: fc.boolean(),
          mark: fc.boolean(),
          gzip: fc.boolean(),
          maxBytes: fc.integer({ min: 1, max: 500 }),
          header: quoting,
        }),
        async ({ names, files }, form) => {
          const paths = files.map((rows, i) => {
            const lines = [names.map(n => written(n, form.header)), ...rows.map(cells => cells.map(([c, how]) => written(c, how)))].map(l =>
              l.join(','),
            )
            const text = `${form.mark || names[0]!.startsWith('\ufeff') ? '\ufeff' : ''}${lines.join(form.end)}${form.last ? form.end : ''}`
            return made.write(`${i}`, form.gzip ? gzipSync(text) : text)
          })
          const expected = files.flat().map(cells => Object.fromEntries(cells.map(([c], i) => [names[i], c])))
          const records = await recordsOf({ files: paths, format: 'csv', columns: names.toReversed() }, form.maxBytes)
          assert.deepEqual(
            records.map(r => r.error ?? JSON.parse(r.value)),
            expected,
          )
          assert.deepEqual(
            records.map(r => r.offset),
            expected.map((_, i) => i),
          )
        },
      ),
      { numRuns: 300 },
    )
  } finally {
    made.dispose()
  }
})

/** A text in pieces of these sizes, over and over. */
function inPieces(text: string, sizes: readonly number[]): TextSource {
  const bytes = Buffer.from(text)
  let at = 0
  let turn = 0
  return {
    get bytesRead() {
      return at
    },
    read: async () => {
      if (at === bytes.length) return null
      const piece = bytes.subarray(at, at + sizes[turn++ % sizes.length]!)
      at += piece.length
      return piece
    },
    close: () => {},
  }
}

test('any text gives the rows and refusals that an independent reader finds in it, whatever the pieces it comes in', async () => {
  const text = fc.array(fc.constantFrom('a', 'b', ',', ',', '"', '"', '""', '\n', '\n', '\r\n', '\r', ',"', '",', '\n"', '"\n'), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(5, 12, 1000),
      async (parts, sizes, limit) => {
        const body = parts.join('')
        const window = await TextWindow.open('x', inPieces(`a,b\n${body}`, sizes))
        const rows = await CsvRows.open('x', window, limit, undefined, undefined)
        const found: unknown[] = []
        for (let step = rows.next(); step !== 'end'; step = rows.next()) {
          if (step === 'more') {
            await rows.fill()
            continue
          }
          const arena = new Arena(16)
          if (step === 'row') rows.writeValue(arena)
          const cells = step === 'row' ? Object.values(JSON.parse(arena.bytes.toString('utf8', 0, arena.at)) as object) : null
          found.push({ line: rows.line - 1, cells, raw: rows.bytes.toString('utf8', rows.start, rows.end) })
        }
        assert.deepEqual(found, oracleRows(body, 2, limit))
      },
    ),
    { numRuns: 1_500 },
  )
})
