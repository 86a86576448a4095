// The conformance suite of the Tables port. Adapters with SQL run all of it; simulated tables run tablesPortConformance alone.
import { describe } from 'node:test'
import type { Tables } from '../../ports/tables.ts'
import { refusedLeavingConformance } from './tables-leaving.ts'
import { opened, portConformance } from './tables-port.ts'
import { checkConformance, migrationsConformance, queryConformance, refusedByDatabaseConformance } from './tables-sql.ts'
import { CONFORMANCE_MIGRATIONS, type TablesUnderTest } from './tables-under-test.ts'

export { tablesPortConformance } from './tables-port.ts'
export { CONFORMANCE_MIGRATIONS, CONFORMANCE_TABLES, type TablesUnderTest } from './tables-under-test.ts'

/** What an adapter gives the suite: an empty database, and how to close and open it again. */
export interface OpenedTables {
  readonly tables: Tables
  reopen?(): Promise<Tables>
  dispose(): Promise<void>
}

/**
 * Every sentence of the Tables contract, as tests of node:test. `open` is called once.
 * @param name what is tested, as it is to appear in the report
 * @param open gives tables of an empty database
 */
export function tablesConformance(name: string, open: () => Promise<OpenedTables>): void {
  const openMigrated = async (): Promise<TablesUnderTest> => {
    const given = await open()
    await given.tables.migrate(CONFORMANCE_MIGRATIONS)
    return underTest(given, given.tables)
  }
  describe(`${name}: tables`, () => {
    const subject = opened(openMigrated)
    portConformance(subject)
    describe('migrations', () => migrationsConformance(subject))
    describe('the check of descriptions', () => checkConformance(subject))
    describe('queries', () => queryConformance(subject))
    describe('rows that only the database refuses', () => {
      refusedByDatabaseConformance(subject)
      refusedLeavingConformance(subject)
    })
  })
}

function underTest(given: OpenedTables, tables: Tables): TablesUnderTest {
  const { reopen } = given
  return {
    tables,
    rows: async table => {
      const { columns, rows } = await tables.query(`SELECT * FROM ${table.name}`)
      return rows.map(row => Object.fromEntries(columns.map((c, i) => [c, row[i]])))
    },
    ...(reopen === undefined ? {} : { reopen: async () => underTest(given, await reopen()) }),
    dispose: () => given.dispose(),
  }
}
