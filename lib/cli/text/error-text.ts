// What a person sees of an error: one message, `CODE: what, where, what to do`.
import { isMillraceError, messageOf } from '../../model/errors.ts'

const FULL = ['ENOSPC', 'EDQUOT']

/** @param detail 'with stack' adds where it was raised and what caused it */
export function errorText(error: unknown, detail: 'message' | 'with stack'): string {
  const text = isMillraceError(error) ? `${error.code}: ${error.message}` : foreign(error)
  return detail === 'message' || !(error instanceof Error) ? text : `${text}\n${stacks(error)}`
}

/** 2: the command was typed wrong; 1: everything else. */
export const exitCodeOf = (error: unknown): number => (isMillraceError(error) && error.code === 'OPTION_INVALID' ? 2 : 1)

/** Errors that we did not raise ourselves should not get here; what they say is still better than nothing. */
function foreign(error: unknown): string {
  if (FULL.includes((error as NodeJS.ErrnoException | null)?.code ?? ''))
    return `DISK_FULL: ${messageOf(error)}; free some space and try again`
  return `INTERNAL: ${messageOf(error)}. This should have been said better: please report it; MILLRACE_DEBUG=1 shows where it comes from`
}

function stacks(error: Error): string {
  const { stack, cause } = error
  const own = stack ?? messageOf(error)
  return cause instanceof Error ? `${own}\ncaused by ${stacks(cause)}` : own
}
