import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPglite } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { tablesConformance } from '#lib/testing/conformance/tables.ts'

tablesConformance('PGlite on disk', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-tables-'))
  const open = async () => openTables(await openPglite(join(directory, 'tables')))
  let tables = await open()
  return {
    tables,
    reopen: async () => {
      await tables.close()
      tables = await open()
      return tables
    },
    dispose: async () => {
      await tables.close()
      rmSync(directory, { recursive: true })
    },
  }
})
