// Numbered migrations, each once, in the order of their names, under a lock.
import { createHash } from 'node:crypto'
import { MillraceError } from '../../model/errors.ts'
import { MIGRATION_TABLE, type Migration } from './bookkeeping.ts'
import { coded } from './failures.ts'
import { type SqlConnection, SqlFailure, type Statement } from './sql-connection.ts'

/** Held to the end of a transaction: two processes that migrate at once take turns. The number is arbitrary and ours. */
const LOCK: Statement = { text: 'SELECT pg_advisory_xact_lock(7130316131917)' }
const APPLIED: Statement = { text: 'SELECT name, sha256 FROM millrace_migration' }

const digestOf = (migration: Migration): string => createHash('sha256').update(migration.sql).digest('hex')

async function applied(connection: SqlConnection): Promise<ReadonlyMap<string, string>> {
  try {
    const results = await connection.run([LOCK, { text: MIGRATION_TABLE, form: 'script' }, APPLIED])
    return new Map(results[2]!.rows.map(([name, digest]) => [name!, digest!]))
  } catch (error) {
    throw coded(error, 'reading the migrations')
  }
}

/**
 * Applies what is not applied yet and names it. Each migration is a transaction of its own.
 * @throws TABLE_DIFFERS for a migration that was edited after it was applied, or that comes before an applied one; QUERY_FAILED
 */
export async function migrate(connection: SqlConnection, migrations: readonly Migration[]): Promise<readonly string[]> {
  const inOrder = [...migrations].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const twice = inOrder.find((m, i) => m.name === inOrder[i + 1]?.name)
  if (twice !== undefined) throw new MillraceError('TABLE_DIFFERS', `two migrations are called '${twice.name}'; rename one of them`)
  const known = await applied(connection)
  const last = inOrder.findLastIndex(m => known.has(m.name))
  for (const [i, m] of inOrder.entries()) {
    const digest = known.get(m.name)
    if (digest !== undefined && digest !== digestOf(m))
      throw new MillraceError(
        'TABLE_DIFFERS',
        `migration '${m.name}' was edited after it was applied; put its text back and add another migration`,
      )
    if (digest === undefined && i < last)
      throw new MillraceError(
        'TABLE_DIFFERS',
        `migration '${m.name}' comes before '${inOrder[last]!.name}', which is applied; give it a later name`,
      )
  }
  const names: string[] = []
  for (const m of inOrder.slice(last + 1)) if ((await apply(connection, m)) === 'applied') names.push(m.name)
  return names
}

async function apply(connection: SqlConnection, m: Migration): Promise<'applied' | 'was-there'> {
  const record: Statement = {
    text: 'INSERT INTO millrace_migration (name, sha256) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [m.name, digestOf(m)],
    demands: 1,
  }
  try {
    await connection.run([LOCK, record, { text: m.sql, form: 'script' }])
    return 'applied'
  } catch (error) {
    if (!(error instanceof SqlFailure)) throw error
    if (error.failure.kind === 'unmet-demand') return wasThere(connection, m)
    if (error.failure.kind !== 'refused') throw coded(error, `applying migration '${m.name}'`)
    const { message, position, sqlState, detail } = error.failure.refusal
    const line = position === undefined ? '' : ` in line ${m.sql.slice(0, position).split('\n').length}`
    const why = detail === undefined ? message : `${message}; ${detail}`
    throw new MillraceError(
      'QUERY_FAILED',
      `migration '${m.name}' was refused${line}: ${why} (SQLSTATE ${sqlState}); nothing of it stays`,
      {
        cause: error,
      },
    )
  }
}

/** Another process applied it in the meantime: it must have been the same. */
async function wasThere(connection: SqlConnection, m: Migration): Promise<'was-there'> {
  if ((await applied(connection)).get(m.name) === digestOf(m)) return 'was-there'
  throw new MillraceError('TABLE_DIFFERS', `migration '${m.name}' was applied by another process with another text`)
}
