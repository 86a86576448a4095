// Tables in a directory, brought to what the processors load: by migrations, or, where nobody wrote any, as they are described.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Migration } from '../adapters/postgres/bookkeeping.ts'
import { openPglite } from '../adapters/postgres/pglite.ts'
import { openTables } from '../adapters/postgres/tables.ts'
import { MillraceError, messageOf } from '../model/errors.ts'
import type { TableSpec } from '../model/table.ts'
import type { Tables } from '../ports/tables.ts'

export type { Migration }

export interface Migrations {
  /** Applied in the order of their names, each once. */
  readonly migrations: () => readonly Migration[]
  /** Compared with the database when the migrations are applied. */
  readonly tables: readonly TableSpec[]
  /** What becomes of a described table that is not there. */
  readonly missing: 'make' | 'refuse'
}

/** The migrations of a folder: its `.sql` files, by name. @throws FILE_UNREADABLE */
export function migrationsIn(given: URL | readonly Migration[]): readonly Migration[] {
  if (!(given instanceof URL)) return given
  const folder = fileURLToPath(given)
  try {
    const names = readdirSync(folder).filter(name => name.endsWith('.sql'))
    return names.sort().map(name => ({ name, sql: readFileSync(join(folder, name), 'utf8') }))
  } catch (error) {
    throw new MillraceError('FILE_UNREADABLE', `the migrations in ${folder} cannot be read: ${messageOf(error)}`, {
      cause: error,
      where: { file: folder },
    })
  }
}

/** @throws TABLE_DIFFERS, QUERY_FAILED, TABLES_UNAVAILABLE, DATA_DIR_UNUSABLE */
export async function openMigrated(directory: string, { migrations, tables: specs, missing }: Migrations): Promise<Tables> {
  const tables = await openTables(await openPglite(directory))
  try {
    await tables.migrate(migrations())
    if (missing === 'make') await makeMissing(tables, specs)
    await tables.check(specs)
    return tables
  } catch (error) {
    await tables.close()
    throw error
  }
}

async function makeMissing(tables: Tables, specs: readonly TableSpec[]): Promise<void> {
  if (specs.length === 0) return
  const names = specs.map(s => `('${s.name}')`).join(', ') // a table's name holds no quote (TABLE_INVALID)
  const { rows } = await tables.query(
    `SELECT name FROM (VALUES ${names}) AS described (name) WHERE to_regclass(format('%I', name)) IS NULL`,
  )
  const gone = new Set(rows.map(([name]) => name))
  await tables.migrate(specs.filter(s => gone.has(s.name)).map(s => ({ name: `table ${s.name}`, sql: sqlOf(s) })))
}

/** A table as it is described, with its key; an index on its time, because that is what people ask by. */
export function sqlOf({ name, columns, key, time }: TableSpec): string {
  const lines = [
    ...Object.entries(columns).map(([column, { sql, nullable }]) => `"${column}" ${sql}${nullable ? '' : ' NOT NULL'}`),
    `PRIMARY KEY (${key.map(k => `"${k}"`).join(', ')})`,
  ]
  const index = time === null ? '' : `CREATE INDEX ON "${name}" ("${time}");\n`
  return `CREATE TABLE "${name}" (\n  ${lines.join(',\n  ')}\n);\n${index}`
}
