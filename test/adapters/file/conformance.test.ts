import { gzipSync } from 'node:zlib'
import { feedConformance } from '#lib/testing/conformance/feed.ts'
import { feedOf, folder, type Options } from './written-files.ts'

const FIRST = 'order,item,price\r\n1,pen,2.50\r\n1,"ink, black",3\r\n2,"12"" rule",1\r\n\r\n2,broken\r\n2,"two\nlines",4\r\n3,paper,5\r\n'
const SECOND = '\ufefforder,item,price\n3,glue,6\n3,"not closed,1\n4,pen,2.50\n3,pen,2.50\n3,tape,"1"x\n3,clip,1\n'
const THIRD = 'price,order,item\n9,3,größe\n8,5,last line has no end'
const LINES = '{"a":1}\n\n{"a":2}\r\n   \n{"b":"größe"}\n{"long":"' + 'x'.repeat(300) + '"}\n{"a":3}'

/** The same contract for every way of reading: `files` are written, `options` say how they are read. */
function underContract(name: string, files: readonly (string | Uint8Array)[], options: Omit<Options, 'files'>): void {
  feedConformance(name, 'bounded', async () => {
    const made = folder()
    const paths = files.map((content, i) => made.write(`input-${i}`, content))
    const open = () => feedOf({ ...options, files: paths })
    return { feed: open(), reopen: async () => open(), dispose: async () => made.dispose() }
  })
}

underContract('CSV in one file', [FIRST], { format: 'csv' })
underContract('CSV in three files, empty ones between, with refused rows', [FIRST, 'order,item,price\n', SECOND, THIRD], {
  format: 'csv',
  columns: ['price', 'item', 'order'],
})
underContract('CSV in gzip and plain files', [gzipSync(FIRST), SECOND, gzipSync(THIRD)], { format: 'csv' })
underContract('NDJSON', [LINES, gzipSync(LINES)], { format: 'ndjson', rowLimitBytes: 200 })
underContract('runs within and across files, with refused rows within', [FIRST, gzipSync(SECOND), THIRD], {
  format: 'csv',
  groupBy: 'order',
})
underContract('runs in parts, longer than a record may be', [FIRST, 'order,item,price\n', SECOND, THIRD, THIRD], {
  format: 'csv',
  groupBy: 'order',
  runLimitBytes: 80,
})
underContract('one run over all files', Array.from({ length: 6 }, (_, i) => `g,v\n7,${i}\n`).concat('g,v\n8,\n9,\n10,\n11,\n'), {
  format: 'csv',
  groupBy: 'g',
})
