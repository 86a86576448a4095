// What Redis or the way to it says no with, as our codes.
import { messageOf, MillraceError } from '../../model/errors.ts'

/** Replies that no later attempt changes, by their first word. */
const RIGHTS = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM'])
const ADVICE: Readonly<Record<string, string>> = {
  OOM: 'its memory is full (maxmemory): give it more',
  READONLY: 'it is a replica: the address must lead to the primary',
  LOADING: 'it is still loading its data',
  CLUSTERDOWN: 'the cluster has slots without a primary',
  MASTERDOWN: 'the link to its primary is down',
  BUSY: 'a script of somebody else keeps it busy',
}

export function cacheFailure(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  const message = messageOf(error)
  const word = /^[A-Z]+/.exec(message)?.[0] ?? ''
  if (RIGHTS.has(word)) return new MillraceError('CACHE_REFUSED', `Redis refuses: ${message}`, { cause: error })
  const advice = ADVICE[word]
  return new MillraceError('CACHE_UNAVAILABLE', `Redis: ${message}${advice === undefined ? '' : ` (${advice})`}`, { cause: error })
}
