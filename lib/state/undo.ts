// What a record changed in state, so that a refused record leaves no trace: restored backwards (S6.1).
export interface Undoable {
  /** Puts back what an entry held before. */
  restore(entry: unknown, old: unknown): void
}

export class UndoLog {
  readonly #stores: Undoable[] = []
  readonly #entries: unknown[] = []
  readonly #olds: unknown[] = []
  get length(): number {
    return this.#stores.length
  }
  note(store: Undoable, entry: unknown, old: unknown): void {
    this.#stores.push(store)
    this.#entries.push(entry)
    this.#olds.push(old)
  }
  /** The record was taken: nothing will be put back. */
  forget(): void {
    if (this.#stores.length === 0) return
    this.#stores.length = 0
    this.#entries.length = 0
    this.#olds.length = 0
  }
  restore(): void {
    for (let i = this.#stores.length - 1; i >= 0; i--) this.#stores[i]!.restore(this.#entries[i], this.#olds[i])
    this.forget()
  }
}
