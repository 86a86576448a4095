// Compares described tables with those of the database: names, types, nullability, and that the conflict key is unique.
import { MillraceError } from '../../model/errors.ts'
import type { SqlType, TableSpec } from '../../model/table.ts'
import { coded } from './failures.ts'
import type { SqlConnection } from './sql-connection.ts'

const COLUMNS = `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
  (a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '')::text
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`

/** The column sets that are unique over whole rows, at once, by plain columns: what ON CONFLICT can name. */
const UNIQUE_KEYS = `SELECT string_agg(a.attname::text, ',' ORDER BY a.attname)
FROM pg_index i CROSS JOIN LATERAL unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS k (attnum)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
GROUP BY i.indexrelid`

/** As format_type() prints them. */
const printed = (sql: SqlType): string => (sql === 'float8' ? 'double precision' : sql === 'timestamptz' ? 'timestamp with time zone' : sql)

/** @throws TABLE_DIFFERS naming the column, TABLES_UNAVAILABLE */
export async function checkTables(connection: SqlConnection, tables: readonly TableSpec[]): Promise<void> {
  for (const table of tables) {
    const values = [`"${table.name}"`]
    const results = await connection
      .run(
        [
          { text: COLUMNS, values },
          { text: UNIQUE_KEYS, values },
        ],
        { access: 'read-only' },
      )
      .catch((error: unknown) => {
        throw coded(error, `looking at table '${table.name}'`)
      })
    const columns = new Map(
      results[0]!.rows.map(([name, type, notNull, filled]) => [name!, { type, notNull: notNull === 'true', filled: filled === 'true' }]),
    )
    const differs = (what: string): never => {
      throw new MillraceError('TABLE_DIFFERS', `table '${table.name}' ${what}; run the migrations, or correct the description`)
    }
    if (columns.size === 0) differs('is not there')
    for (const [name, described] of Object.entries(table.columns)) {
      const column = columns.get(name)
      if (column === undefined) return differs(`has no column '${name}'`)
      if (column.type !== printed(described.sql)) differs(`has column '${name}' as ${column.type}, described as ${printed(described.sql)}`)
      if (column.notNull === described.nullable)
        differs(
          `has column '${name}' as ${column.notNull ? 'NOT NULL' : 'nullable'}, described as ${described.nullable ? 'nullable' : 'NOT NULL'}`,
        )
    }
    for (const [name, column] of columns)
      if (table.columns[name] === undefined && column.notNull && !column.filled)
        differs(`has column '${name}' that must have a value and is not described`)
    const key = [...table.key].sort().join(',')
    if (!results[1]!.rows.some(([names]) => names!.split(',').sort().join(',') === key))
      differs(`has no unique key (${table.key.join(', ')})`)
  }
}
