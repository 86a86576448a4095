// What a registry or the way to it says no with, as our codes.
import { type ErrorCode, messageOf, MillraceError } from '../../model/errors.ts'

/** As the client throws them: `message` is the client's name and what the registry says, or the raw answer where it is no JSON of a registry. */
interface ResponseError extends Error {
  readonly status?: number
}
const NOT_OF_A_REGISTRY = /Error, status \d+/

const statusOf = (error: unknown): number => (error as ResponseError | null)?.status ?? 0

/** A registry's own 404. That of a proxy or of a wrong path is an outage: its answer must not become dead letters. */
export const isNotThere = (error: unknown): boolean => statusOf(error) === 404 && !NOT_OF_A_REGISTRY.test(messageOf(error))

export const isLostRace = (error: unknown): boolean => statusOf(error) === 409 && /already exists/.test(messageOf(error))

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'REGISTRY_REFUSED',
  403: 'REGISTRY_REFUSED',
  409: 'SCHEMA_INCOMPATIBLE',
  422: 'SCHEMA_INVALID',
}

export function registryFailure(error: unknown, doing: string, url: string): MillraceError {
  if (error instanceof MillraceError) return error
  const status = statusOf(error)
  const code = CODES[status] ?? 'REGISTRY_UNAVAILABLE'
  const said = messageOf(error)
    .replace(/^millrace - /, '')
    .slice(0, 1_000)
  return new MillraceError(
    code,
    `the schema registry at ${shown(url)} refused while ${doing}: ${said}${status > 0 ? ` (status ${status})` : ''}`,
    {
      cause: error,
    },
  )
}

/** Without user and password. */
const shown = (url: string): string => {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}
