// What Kafka or the way to it says no with, as our codes.
import { type ErrorCode, messageOf, MillraceError, type Where } from '../../model/errors.ts'
import { CODES, FENCED, nameOf, TOO_LARGE, UNAUTHORIZED } from './codes.ts'

/** An error of the client library or the network. */
export function lostConnection(error: unknown, doing: string): MillraceError {
  if (error instanceof MillraceError) return error
  const refused = error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError'
  return new MillraceError(refused ? 'LOG_REFUSED' : 'LOG_UNAVAILABLE', `Kafka, ${doing}: ${messageOf(error)}`, { cause: error })
}

function codeOf(code: number): ErrorCode {
  if (UNAUTHORIZED.has(code)) return 'LOG_REFUSED'
  if (FENCED.has(code)) return 'PRODUCER_FENCED'
  if (TOO_LARGE.has(code)) return 'RECORD_TOO_LARGE'
  if (code === CODES.UNKNOWN_TOPIC_OR_PARTITION) return 'TOPIC_UNKNOWN'
  if (code === CODES.OFFSET_OUT_OF_RANGE) return 'OFFSET_OUT_OF_RANGE'
  if (code === CODES.CORRUPT_MESSAGE) return 'DATA_CORRUPT'
  return 'LOG_UNAVAILABLE'
}

/** An error code in an answer of a broker. */
export const refused = (code: number, doing: string, where: Where = {}): MillraceError =>
  new MillraceError(codeOf(code), `Kafka refused ${doing}: ${nameOf(code)}`, { where })
