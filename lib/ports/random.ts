/** Randomness: nonces and ledger ids only, never a decision about data. */
export interface Random {
  /** A UUID, version 4. */
  uuid(): string
}
