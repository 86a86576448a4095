// Records that stages dropped and that somebody may miss: no case of a branch took them, distinct() had seen them. What filter() drops is nobody's loss.
import type { Undoable, UndoLog } from '../state/undo.ts'

export class Drops implements Undoable {
  readonly #undo: UndoLog
  #counts = new Map<string, number>()
  constructor(undo: UndoLog) {
    this.#undo = undo
  }
  /** One more for a stage; taken back when the record is refused after all. */
  count(stage: string): void {
    this.#undo.note(this, stage, null)
    this.#counts.set(stage, (this.#counts.get(stage) ?? 0) + 1)
  }
  restore(stage: unknown): void {
    const before = this.#counts.get(stage as string)! - 1
    if (before === 0) this.#counts.delete(stage as string)
    else this.#counts.set(stage as string, before)
  }
  /** By stage, since the last call. */
  take(): Readonly<Record<string, number>> {
    const counts = Object.fromEntries(this.#counts)
    this.#counts = new Map()
    return counts
  }
}
