// How a failed transaction becomes one of our codes. SQLSTATE classes: PostgreSQL's appendix A.
import { type ErrorCode, MillraceError, type Where } from '../../model/errors.ts'
import { SqlFailure } from './sql-connection.ts'

/** Refusals that say something about a row: data exceptions and broken constraints. */
export const isAboutRows = (sqlState: string): boolean => sqlState.startsWith('22') || sqlState.startsWith('23')

/** Refusals that say nothing about the database's health, only about what was asked of it. */
export const isAboutText = (sqlState: string): boolean => !/^(?:08|40|53|55|57|58|XX)/.test(sqlState)

function codeOf(sqlState: string): ErrorCode {
  if (isAboutRows(sqlState)) return 'ROW_REFUSED'
  if (sqlState === '53100') return 'DISK_FULL'
  if (sqlState === 'XX001' || sqlState === 'XX002') return 'DATA_CORRUPT'
  if (sqlState.startsWith('28') || sqlState === '3D000' || sqlState === '42501') return 'TABLES_REFUSED'
  if (sqlState.startsWith('42')) return 'TABLE_DIFFERS'
  // Deadlock, serialization, connection, resources, shutdown, lock and I/O: the same transaction may go through later (§4).
  if (/^(40|08|53|57|55|58)/.test(sqlState)) return 'TABLES_UNAVAILABLE'
  return 'QUERY_FAILED'
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  TABLE_DIFFERS: '; run the migrations',
  DATA_CORRUPT: '. Restore the tables, or make them anew: they are loaded again from the topics, as far back as those are kept',
}

/** @param doing what was tried, in words that follow "while" */
export function coded(error: unknown, doing: string, where: Where = {}): unknown {
  if (!(error instanceof SqlFailure)) return error
  const { failure } = error
  const say = (code: ErrorCode, message: string): MillraceError => new MillraceError(code, message, { cause: error, where })
  switch (failure.kind) {
    case 'unavailable':
      return failure.because === 'disk-full'
        ? say('DISK_FULL', `the disk of the tables is full; the database was lost while ${doing}: ${failure.message}`)
        : say('TABLES_UNAVAILABLE', `the database was lost while ${doing}: ${failure.message}`)
    case 'too-slow':
      return say('QUERY_FAILED', `given up after ${failure.limitMs / 1000} s while ${doing}`)
    case 'unmet-demand':
      return say('TABLES_UNAVAILABLE', `the database changed while ${doing}`)
    case 'refused': {
      const { message, detail, hint, sqlState } = failure.refusal
      const words = [message, detail, hint].filter(part => part !== undefined && part !== '').join('; ')
      const code = codeOf(sqlState)
      return say(code, `the database refused while ${doing}: ${words} (SQLSTATE ${sqlState})${ADVICE[code] ?? ''}`)
    }
  }
}
