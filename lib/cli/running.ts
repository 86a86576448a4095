// A system that runs in this process, as the commands see it.
import type { MillraceError } from '../model/errors.ts'
import type { Inspection } from '../ports/inspection.ts'

export interface RunningSystem {
  readonly inspection: Inspection
  /** Resolves with the first task that stopped for good. */
  failed(): Promise<MillraceError>
  /** Reads all inputs to their end and closes every window. @throws what stopped a task for good */
  drain(): Promise<void>
  /** How much of the bounded input was read; null without one. */
  read(): FeedProgress | null
  /** Commits what is computed and closes everything. Never throws. */
  stop(): Promise<void>
}

export interface FeedProgress {
  /** 0 … 1. */
  readonly share: number
  /** Rows read by now, and at the start of this run. */
  readonly rows: number
  readonly rowsBefore: number
}

/** Told while a system opens, which may take seconds. */
export interface Opening {
  /** What is being done. */
  phase(text: string): void
  /** Tasks run already and can be asked about, though not everything is open. */
  running(early: Pick<RunningSystem, 'inspection' | 'read'>): void
}
export type OpenSystem = (opening: Opening) => Promise<RunningSystem>
