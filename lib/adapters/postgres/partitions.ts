// Keeps range-partitioned tables in order: months ahead, months out of the DEFAULT partition, retention. Loads never depend on it: a row of any
// time fits into DEFAULT.
import { MillraceError } from '../../model/errors.ts'
import { timeText } from './column-text.ts'
import { coded } from './failures.ts'
import type { SqlConnection, Statement } from './sql-connection.ts'
import { named } from './statements.ts'

export interface PartitionCare {
  /** ms since epoch. */
  readonly now: number
  /** Months to have beyond the current one, 0 … 120. */
  readonly aheadMonths?: number
  /** Rows older than this many ms go, whole months at once; null keeps all. */
  readonly keepMs?: number | null
}
export interface PartitionReport {
  /** Partitions made, filled with what DEFAULT held of their month. */
  readonly made: readonly string[]
  readonly dropped: readonly string[]
}

/** A partitioned table: its column, its partitions but DEFAULT, and DEFAULT. */
interface Parent {
  readonly name: string
  readonly column: string
  readonly fallback: string
  readonly parts: readonly { readonly name: string; readonly from: string; readonly to: string; readonly ends: number }[]
}

/** Tables of ours in the current schema: range by one plain column, with a DEFAULT partition. Bounds as text and, for the end, as ms. */
const PARENTS = `SELECT p.relname, a.attname, d.relname, c.relname, b.bounds[1], b.bounds[2], (extract(epoch FROM b.bounds[2]::timestamptz) * 1000)::bigint
FROM pg_partitioned_table t
JOIN pg_class p ON p.oid = t.partrelid AND p.relnamespace = current_schema()::regnamespace
JOIN pg_class d ON d.oid = t.partdefid
JOIN pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = t.partattrs[0] AND a.atttypid = 'timestamptz'::regtype
LEFT JOIN pg_inherits i ON i.inhparent = t.partrelid AND i.inhrelid <> t.partdefid
LEFT JOIN pg_class c ON c.oid = i.inhrelid
LEFT JOIN LATERAL regexp_matches(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''(.+)''\\) TO \\(''(.+)''\\)') AS b (bounds) ON true
WHERE t.partstrat = 'r' AND t.partnatts = 1 ORDER BY p.relname, c.relname`

const two = (n: number): string => String(n).padStart(2, '0')
const monthStart = (ms: number, plus = 0): number => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + plus)
const quotedTime = (ms: number): string => `'${timeText(ms)}'`
const partitionName = (parent: string, month: number): string =>
  `${parent}_${new Date(month).getUTCFullYear()}_${two(new Date(month).getUTCMonth() + 1)}`

/**
 * Every table that is partitioned by range of a time: a partition for each month from the current one to `aheadMonths` later and for each month
 * that DEFAULT holds rows of; partitions and rows older than `keepMs` go. Each month is a transaction of its own; loads of it wait meanwhile.
 * @throws TABLES_UNAVAILABLE, QUERY_FAILED, OPTION_INVALID
 */
export async function carePartitions(connection: SqlConnection, care: PartitionCare): Promise<PartitionReport> {
  const { now, aheadMonths = 2, keepMs = null } = care
  if (!(Number.isInteger(aheadMonths) && aheadMonths >= 0 && aheadMonths <= 120) || !(keepMs === null || keepMs >= 0))
    throw new MillraceError('OPTION_INVALID', `partitions cannot be made ${aheadMonths} months ahead and kept for ${keepMs} ms`)
  const made: string[] = []
  const dropped: string[] = []
  const doing = 'looking after the partitions'
  const run = async (statements: readonly Statement[]): ReturnType<SqlConnection['run']> => {
    try {
      return await connection.run(statements)
    } catch (error) {
      throw coded(error, doing)
    }
  }
  for (const parent of parentsIn((await run([{ text: PARENTS }]))[0]!.rows)) {
    const oldest = keepMs === null ? null : now - keepMs
    if (oldest !== null) dropped.push(...(await dropOld(run, parent, oldest)))
    const wanted = new Set(Array.from({ length: aheadMonths + 1 }, (_, i) => monthStart(now, i)))
    for (const month of await monthsInDefault(run, parent)) wanted.add(month)
    const has = new Set(parent.parts.map(p => p.name))
    for (const month of [...wanted].sort((a, b) => a - b)) {
      const name = partitionName(parent.name, month)
      if (has.has(name) || (oldest !== null && monthStart(month, 1) <= oldest)) continue
      await run(makeMonth(parent, name, month))
      made.push(name)
    }
  }
  return { made, dropped }
}

type Run = (statements: readonly Statement[]) => ReturnType<SqlConnection['run']>

function parentsIn(rows: readonly (readonly (string | null)[])[]): Parent[] {
  const parents = new Map<string, Parent & { parts: Parent['parts'][number][] }>()
  for (const [name, column, fallback, part, from, to, ends] of rows) {
    const parent = parents.get(name!) ?? { name: name!, column: column!, fallback: fallback!, parts: [] }
    parents.set(name!, parent)
    if (part !== null && part !== undefined) parent.parts.push({ name: part, from: from!, to: to!, ends: Number(ends) })
  }
  return [...parents.values()]
}

async function monthsInDefault(run: Run, { column, fallback }: Parent): Promise<number[]> {
  const month = `(extract(epoch FROM date_trunc('month', ${named(column)}, 'UTC')) * 1000)::bigint`
  const results = await run([{ text: `SELECT DISTINCT ${month} FROM ${named(fallback)}` }])
  // A month beyond what a Date holds stays in DEFAULT.
  return results[0]!.rows.map(([ms]) => Number(ms)).filter(ms => Math.abs(ms) <= 8e15)
}

/** The new partition is filled before it is attached: a row is never in two places, and never in none for whoever reads. */
function makeMonth({ name: parent, column, fallback }: Parent, name: string, month: number): Statement[] {
  const [from, to] = [quotedTime(month), quotedTime(monthStart(month, 1))]
  const inMonth = `${named(column)} >= ${from} AND ${named(column)} < ${to}`
  const script = `LOCK TABLE ${named(parent)} IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE ${named(name)} (LIKE ${named(parent)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
WITH moved AS (DELETE FROM ${named(fallback)} WHERE ${inMonth} RETURNING *) INSERT INTO ${named(name)} SELECT * FROM moved;
ALTER TABLE ${named(parent)} ATTACH PARTITION ${named(name)} FOR VALUES FROM (${from}) TO (${to});`
  return [{ text: script, form: 'script' }]
}

async function dropOld(run: Run, { column, fallback, parts }: Parent, oldest: number): Promise<string[]> {
  const old = parts.filter(p => p.ends <= oldest).map(p => p.name)
  const script = [
    ...old.map(name => `DROP TABLE ${named(name)};`),
    `DELETE FROM ${named(fallback)} WHERE ${named(column)} < ${quotedTime(oldest)};`,
  ].join('\n')
  await run([{ text: script, form: 'script' }])
  return old
}
