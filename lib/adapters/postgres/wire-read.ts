// PostgreSQL's answers, message by message (frontend/backend protocol 3.0), as far as PgliteSession needs them. Our own because PGlite's reader drops
// a byte order mark at the beginning of a value, and keeps every answer it parsed in memory when it is asked for raw bytes.
import type { Refusal } from './sql-connection.ts'

export interface Answer {
  readonly columns: readonly string[]
  readonly types: readonly number[]
  readonly rows: readonly (readonly (string | null)[])[]
  /** Of the last statement. */
  readonly affected: number
  /** The first error, null when there is none. */
  readonly refusal: Refusal | null
  /** `FATAL` and `PANIC` end the session on a server; PGlite goes on in a state that nobody knows. */
  readonly severity: string | null
  /** Where the answer left the session. */
  readonly session: 'idle' | 'in-transaction' | 'failed-transaction' | 'unknown'
  /** `more`: the statement has more rows than were asked for. */
  readonly end: 'whole' | 'more'
}

const ROW_DESCRIPTION = 0x54 // T
const DATA_ROW = 0x44 // D
const COMMAND_COMPLETE = 0x43 // C
const ERROR = 0x45 // E
const PORTAL_SUSPENDED = 0x73 // s
const READY = 0x5a // Z
const SESSIONS: Readonly<Record<string, Answer['session']>> = { I: 'idle', T: 'in-transaction', E: 'failed-transaction' }

/** All messages of an answer; kinds that say nothing here (notices, parameters, readiness) are passed over. */
export function readAnswer(bytes: Buffer): Answer {
  let columns: readonly string[] = []
  let types: readonly number[] = []
  const rows: (string | null)[][] = []
  let affected = 0
  let error: ReadonlyMap<string, string> | null = null
  let session: Answer['session'] = 'unknown'
  let end: Answer['end'] = 'whole'
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]!
    const next = at + 1 + bytes.readInt32BE(at + 1)
    const body = at + 5
    if (kind === DATA_ROW) rows.push(rowAt(bytes, body))
    else if (kind === ROW_DESCRIPTION) ({ columns, types } = descriptionAt(bytes, body))
    else if (kind === COMMAND_COMPLETE) affected = Number(/\d+$/.exec(bytes.toString('latin1', body, next - 1))?.[0] ?? 0)
    else if (kind === ERROR) error ??= fieldsAt(bytes, body)
    else if (kind === PORTAL_SUSPENDED) end = 'more'
    else if (kind === READY) session = SESSIONS[String.fromCharCode(bytes[body]!)] ?? 'unknown'
    at = next
  }
  return { columns, types, rows, affected, refusal: error && refusalOf(error), severity: error?.get('V') ?? null, session, end }
}

function rowAt(bytes: Buffer, body: number): (string | null)[] {
  const values = new Array<string | null>(bytes.readInt16BE(body))
  let at = body + 2
  for (let i = 0; i < values.length; i++) {
    const length = bytes.readInt32BE(at)
    at += 4
    if (length < 0) values[i] = null
    else {
      values[i] = bytes.toString('utf8', at, at + length)
      at += length
    }
  }
  return values
}

function descriptionAt(bytes: Buffer, body: number): { columns: string[]; types: number[] } {
  const columns: string[] = []
  const types: number[] = []
  let at = body + 2
  for (let left = bytes.readInt16BE(body); left > 0; left--) {
    const zero = bytes.indexOf(0, at)
    columns.push(bytes.toString('utf8', at, zero))
    types.push(bytes.readUInt32BE(zero + 7)) // after the table's id (4) and the column's number (2)
    at = zero + 19
  }
  return { columns, types }
}

function fieldsAt(bytes: Buffer, body: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (let at = body; bytes[at] !== 0; ) {
    const zero = bytes.indexOf(0, at)
    fields.set(String.fromCharCode(bytes[at]!), bytes.toString('utf8', at + 1, zero))
    at = zero + 1
  }
  return fields
}

function refusalOf(fields: ReadonlyMap<string, string>): Refusal {
  const position = fields.get('P')
  return {
    sqlState: fields.get('C') ?? 'XX000',
    message: fields.get('M') ?? 'no reason given',
    detail: fields.get('D'),
    hint: fields.get('H'),
    position: position === undefined ? undefined : Number(position),
    table: fields.get('t'),
    column: fields.get('c'),
    constraint: fields.get('n'),
  }
}
