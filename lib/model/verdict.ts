// The three doors of failure and what may be decided at each (S6.1), and what a refused record becomes (S6.2).
export type Verdict = 'stop' | 'skip' | 'dead-letter'
export type Door = 'decode' | 'process' | 'produce'

/** A reader's view of a dead letter. On the wire key and value are the original bytes and the rest is headers. */
export interface DeadLetter {
  readonly code: string
  readonly processor: string
  readonly stage: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}
