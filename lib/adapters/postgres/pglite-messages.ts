// What the thread that asks and the thread that runs PGlite say to each other. Plain data only: every message is cloned.
import type { ErrorCode } from '../../model/errors.ts'
import type { Failure, RunOptions, Statement, StatementResult } from './sql-connection.ts'

/** Given to the thread that serves the database, and to the process that makes it. */
export interface PgliteStart {
  /** Absolute path of the data directory, null for tables in memory. */
  readonly directory: string | null
  readonly memory: 'fast' | 'small'
  /** WAL written before the next checkpoint. */
  readonly checkpointBytes: number
}

export type PgliteRequest =
  | { readonly id: number; readonly kind: 'run'; readonly statements: readonly Statement[]; readonly options: RunOptions }
  | { readonly id: number; readonly kind: 'status' }
  | { readonly id: number; readonly kind: 'close' }

/** How PGlite does. Bytes of memory are of its WASM heap; the rest of the thread is not in it. */
export interface PgliteStatus {
  readonly heapBytes: number
  readonly checkpoints: number
  /** Times that a file was forced to disk since the start. */
  readonly fileSyncs: number
}

export type PgliteReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'start-failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'result'; readonly id: number; readonly results: readonly StatementResult[] }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'status'; readonly id: number; readonly status: PgliteStatus }
  | { readonly kind: 'closed'; readonly id: number }
