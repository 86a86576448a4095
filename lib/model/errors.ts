// One table of every code: who must act, whether trying again helps, what it means. docs/errors.md is tested against it both ways.

/** Who has to act: the sender of the data, the author of the code, the operator, the infrastructure, or we. */
export type Blame = 'data' | 'code' | 'operator' | 'infrastructure' | 'millrace'
/** Whether the same call can succeed later: `never` (something must change first), `later` (the engine tries again by itself). */
export type Retry = 'never' | 'later'
export interface ErrorEntry {
  readonly blame: Blame
  readonly retry: Retry
  /** What it means and what to do, in one or two sentences. */
  readonly means: string
}

const entry = (blame: Blame, retry: Retry, means: string): ErrorEntry => ({ blame, retry, means })

export const ERRORS = {
  // ---- words of the model
  DURATION_INVALID: entry('code', 'never', 'A duration is negative or not a whole number of milliseconds.'),
  DECIMAL_INVALID: entry('data', 'never', 'A value is not a finite decimal number.'),
  TOPIC_INVALID: entry('code', 'never', 'A topic description is not usable: its name, key, time field or partition count.'),
  TABLE_INVALID: entry('code', 'never', 'A table description is not usable: its name, columns or key.'),
  // ---- plan
  PLAN_INVALID: entry('code', 'never', 'A processor is put together in a way that cannot run; the message names the stage.'),
  PLAN_DUPLICATE_NAME: entry('code', 'never', 'Two stages that own state share a name within a processor; rename one of them.'),
  STAGE_NOT_AVAILABLE: entry('code', 'never', 'The stage is described in the API but not available in this version.'),
  SINK_HAS_STATE: entry(
    'code',
    'never',
    'A processor that writes tables also keeps state or writes topics; write to a topic first and load it with a second processor.',
  ),
  NOT_CO_PARTITIONED: entry(
    'operator',
    'never',
    'Inputs that meet in one stage have different partition counts; give them the same count.',
  ),
  // ---- records (dead letters)
  EVENT_TIME_INVALID: entry('data', 'never', 'The event time is not a finite non-negative integer of milliseconds since 1970.'),
  EVENT_TIME_IN_FUTURE: entry('data', 'never', 'The event time lies more than maxFutureSkew ahead of the wall clock.'),
  KEY_MISSING: entry('data', 'never', 'A record has no key where one is needed.'),
  KEY_DIFFERS: entry('code', 'never', 'keyBy() gave another key than the key field of the value that its topic holds.'),
  KEY_IN_WRONG_PARTITION: entry(
    'code',
    'never',
    'keyInPlace() named a key that does not live in this partition; use keyBy() through a topic.',
  ),
  VALUE_MISSING: entry('data', 'never', 'A record has a null value (a tombstone) where nothing says what that means.'),
  VALUE_REFUSED: entry('data', 'never', 'A value does not fit the schema it is written with; the message names the field.'),
  USER_FUNCTION_FAILED: entry('code', 'never', 'A function of the processor threw on this record; the message is its own.'),
  ASYNC_FUNCTION: entry(
    'code',
    'never',
    'A function that must be synchronous is async, gave a promise, or emitted after its turn was over.',
  ),
  RECORD_KILLS_PROCESS: entry(
    'code',
    'never',
    'Processes died again and again while they computed this record, at last when it stood alone: an endless loop, too little memory, or an exit. It was set aside without being computed.',
  ),
  RESULT_OVERFLOW: entry('data', 'never', 'A fold went beyond what its result can hold; the message names the fold.'),
  RX_ASYNC_EMISSION: entry(
    'code',
    'never',
    'An rx() chain emitted outside its turn, or started work that goes on after it; use only synchronous operators.',
  ),
  RX_COMPLETED: entry('code', 'never', 'An rx() chain completed; take() and first() would end the stream for ever.'),
  RX_STATEFUL: entry(
    'code',
    'never',
    'A test found that an rx() chain remembers earlier records; what RxJS remembers does not survive a restart.',
  ),
  STATE_NOT_PLAIN: entry('code', 'never', 'A state value is not plain data (it holds a function, Date, Map, Set or class instance).'),
  DEAD_LETTER_STORM: entry(
    'code',
    'never',
    'More records are refused than the breaker allows; the task stops. Mend the processor or the data and start again.',
  ),
  // ---- codec
  WIRE_MALFORMED: entry(
    'data',
    'never',
    'The bytes do not begin with the wire format of a registered schema (magic byte 0 and a schema id).',
  ),
  SCHEMA_UNKNOWN: entry('data', 'never', 'The registry has no schema with the id that the record names.'),
  AVRO_MALFORMED: entry('data', 'never', 'The bytes are not a value of the schema that they name.'),
  JSON_MALFORMED: entry('data', 'never', 'The bytes are not valid JSON, or not of the expected shape.'),
  SCHEMA_INVALID: entry('code', 'never', 'An Avro schema is not valid.'),
  SCHEMA_INCOMPATIBLE: entry('operator', 'never', 'A schema cannot read what was written with the other one; the message names the field.'),
  // ---- log
  TOPIC_UNKNOWN: entry('operator', 'never', 'The topic or partition does not exist.'),
  TOPIC_DIFFERS: entry(
    'operator',
    'never',
    'The topic exists with other settings than described (partitions cannot be changed under state).',
  ),
  OFFSET_OUT_OF_RANGE: entry('infrastructure', 'later', 'A position lies outside what the log holds.'),
  PRODUCER_FENCED: entry(
    'infrastructure',
    'later',
    'Another owner of the same transactional id has taken over; this one can commit nothing more.',
  ),
  COMMIT_UNKNOWN: entry('infrastructure', 'later', 'The outcome of a commit is not known; the ledger tells when the task opens again.'),
  LOG_UNAVAILABLE: entry('infrastructure', 'later', 'The record log cannot be reached.'),
  LOG_REFUSED: entry('operator', 'never', 'Kafka refuses the credentials, or their user may not do what is needed.'),
  BROKER_UNFIT: entry('operator', 'never', 'A broker does not speak a request that is needed; it is too old.'),
  CLIENT_UNFIT: entry('operator', 'never', 'The installed Kafka client is not the one version that is known to behave.'),
  RECORD_TOO_LARGE: entry('data', 'never', 'A record is larger than the log accepts.'),
  DATA_LOSS: entry(
    'operator',
    'never',
    'Something that was committed is gone (ledger, input or sink offset); the task stops rather than guess.',
  ),
  LEDGER_CORRUPT: entry('millrace', 'never', 'The ledger of a task does not follow its own rules; nothing was changed.'),
  STATE_INCOMPATIBLE: entry(
    'operator',
    'never',
    'Stored state was made by stages that this processor no longer has; reset it or add a migration.',
  ),
  // ---- embedded data directory
  DATA_DIR_IN_USE: entry('operator', 'never', 'Another process uses the data directory; stop it or choose another directory.'),
  DATA_DIR_UNUSABLE: entry('operator', 'never', 'The data directory cannot be created, read or written.'),
  DATA_CORRUPT: entry(
    'operator',
    'never',
    'A data file is damaged; the message names file and position. Restore it or start with a new directory.',
  ),
  DISK_FULL: entry('operator', 'later', 'The disk is full; nothing of the transaction was kept. Free space: the task goes on by itself.'),
  // ---- cache
  CACHE_UNAVAILABLE: entry('infrastructure', 'later', 'The state cache cannot be reached.'),
  CACHE_MISMATCH: entry('infrastructure', 'later', 'The state cache does not carry the stamp that this owner wrote; the task opens again.'),
  CACHE_REFUSED: entry('operator', 'never', 'Redis refuses the credentials, or their user may not do what is needed.'),
  CACHE_EVICTS: entry(
    'operator',
    'never',
    'Redis may evict entries when its memory is full, which nobody would notice: its maxmemory-policy must be noeviction.',
  ),
  // ---- registry
  REGISTRY_UNAVAILABLE: entry('infrastructure', 'later', 'The schema registry cannot be reached.'),
  REGISTRY_REFUSED: entry('operator', 'never', 'The schema registry refuses the credentials, or their user may not do what is needed.'),
  // ---- tables
  TABLES_UNAVAILABLE: entry('infrastructure', 'later', 'The SQL database cannot be reached.'),
  TABLES_REFUSED: entry(
    'operator',
    'never',
    'PostgreSQL refuses the credentials, there is no such database, or the user may not do what is needed.',
  ),
  SINK_FENCED: entry('infrastructure', 'later', 'Another loader moved this sink on; it reads its offset again.'),
  ROW_REFUSED: entry('data', 'never', 'The database refused a row: a constraint, a type or a range; the message names the column.'),
  DUPLICATE_ROW: entry('data', 'never', 'An insert-only table already holds a row with this key.'),
  TABLE_DIFFERS: entry('operator', 'never', 'A table in the database has other columns than described; run the migrations.'),
  QUERY_FAILED: entry('operator', 'never', 'The SQL text was refused by the database; the message is its own.'),
  // ---- files
  FILE_UNREADABLE: entry('operator', 'never', 'An input file cannot be opened or read.'),
  FILE_TRUNCATED: entry('operator', 'never', 'A compressed file ends in the middle or is damaged; everything before was kept.'),
  FILE_COLUMNS_WRONG: entry('operator', 'never', 'The header of a file does not name the expected columns.'),
  FILE_CHANGED: entry('operator', 'never', 'A file that was partly read is not the same any more; its position means nothing.'),
  ROW_INVALID: entry('data', 'never', 'A row of a file does not have the expected form; the message names line and column.'),
  ORDER_INVALID: entry(
    'data',
    'never',
    'An order lacks a field or has one that cannot be (a quantity that is not positive, a negative price); the message names it. The order is refused as a whole.',
  ),
  VIEW_INVALID: entry('data', 'never', 'A product view lacks a field or has one that cannot be; the message names it.'),
  // ---- Observables
  SOURCE_FAILED: entry(
    'operator',
    'never',
    'The Observable of a source ended with an error, which is the cause; everything it emitted before is committed.',
  ),
  SOURCE_OVERFLOW: entry(
    'code',
    'never',
    'The Observable of a source emits faster than its values can be committed, and its buffer is full; everything it emitted before is committed.',
  ),
  // ---- command line
  OPTION_INVALID: entry('operator', 'never', 'A command, an option or its value is not known; see --help.'),
  PORT_IN_USE: entry('operator', 'never', 'Another program listens on the port; choose another one.'),
  NOT_RUNNING: entry('operator', 'never', 'The command needs a running system on this data directory.'),
  NODE_TOO_OLD: entry('operator', 'never', 'The Node.js version is older than Millrace needs.'),
  INTERNAL: entry('millrace', 'never', 'A rule of the engine was broken; please report it with the message.'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

/** Where it happened, as far as known. */
export interface Where {
  readonly processor?: string | undefined
  readonly stage?: string | undefined
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly offset?: number | undefined
  readonly file?: string | undefined
  readonly line?: number | undefined
}

/** Every error that Millrace throws on purpose: `code` is stable, `message` says what happened where, `entry` who must act. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly where: Where
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; where?: Where } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.where = options.where ?? {}
  }
  get entry(): ErrorEntry {
    return ERRORS[this.code]
  }
}

export const isMillraceError = (error: unknown): error is MillraceError => error instanceof MillraceError
/** True when the engine may try again by itself: infrastructure, never data (S6.3). */
export const isRetriable = (error: unknown): boolean => isMillraceError(error) && error.entry.retry === 'later'
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
