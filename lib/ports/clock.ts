// Wall time and waiting. The only way the engine knows either (S2.4).
export interface Clock {
  /** ms since epoch; may jump either way. */
  now(): number
  /** Resolves after `ms` of waiting, or at once when `signal` aborts (never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Lets other work of the process run (one macrotask). */
  breathe(): Promise<void>
}
