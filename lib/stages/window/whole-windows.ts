// Windows put together from their panes.
import type { Key } from '../../model/key.ts'
import type { PaneStore } from '../../state/pane-store.ts'
import { Rows } from '../../state/rows.ts'
import type { StateEntry } from '../../state/store.ts'
import type { Accumulate, Cells } from './accumulate.ts'
import type { Assigner } from './assigner.ts'

/** What a window holds of one key, over all its panes. */
export interface Whole {
  /** The states, from `at` on. */
  readonly cells: Cells
  readonly at: number
  /** Records folded. */
  readonly folded: number
}

export class WholeWindows {
  readonly #store: PaneStore
  readonly #assigner: Assigner
  readonly #folds: Accumulate
  constructor(store: PaneStore, assigner: Assigner, folds: Accumulate) {
    this.#store = store
    this.#assigner = assigner
    this.#folds = folds
  }
  /** The window that ends at `end`: a row of every key that has records in it. They are the pane's own where it has only one. */
  of(end: number): Rows {
    const panes = this.#store.between(this.#assigner.startOf(end), end)
    if (panes.length === 1) return panes[0]!
    const whole = new Rows(this.#folds.states, Math.max(...panes.map(pane => pane.size)))
    for (const pane of panes) {
      const { ids } = pane
      for (let row = 0; row < ids.length; row++) {
        const id = ids[row]!
        const into = whole.find(id)
        if (into >= 0) this.merge(whole, into, pane, row)
        else {
          this.copy(whole, pane, row)
          whole.end(id, pane.folded(row), pane.told(row))
        }
      }
    }
    return whole
  }
  /** Copies a row to be the next one of `whole`, where it is not ended yet. */
  copy(whole: Rows, pane: Rows, row: number): void {
    this.#folds.copy(whole.page(whole.size), whole.at(whole.size), pane.page(row), pane.at(row))
  }
  /** Merges a row into one that comes before it in time. */
  merge(whole: Rows, into: number, pane: Rows, row: number): void {
    this.#folds.merge(whole.page(into), whole.at(into), pane.page(row), pane.at(row))
    whole.setCounts(into, whole.folded(into) + pane.folded(row), whole.told(into) + pane.told(row))
  }
  /** As `of`, for one key at a time, by its id; null when it has no records in the window. */
  byKey(end: number): (id: number) => Whole | null {
    const folds = this.#folds
    const panes = this.#store.between(this.#assigner.startOf(end), end)
    return id => {
      let whole: { cells: Cells; at: number; folded: number } | null = null
      let copied: Cells | null = null
      for (const pane of panes) {
        const row = pane.find(id)
        if (row < 0) continue
        const [cells, at] = [pane.page(row), pane.at(row)]
        if (whole === null) whole = { cells, at, folded: pane.folded(row) }
        else {
          if (copied === null) {
            whole.cells = copied = folds.copied(whole.cells, whole.at)
            whole.at = 0
          }
          folds.merge(copied, 0, cells, at)
          whole.folded += pane.folded(row)
        }
      }
      return whole
    }
  }
  /** The windows over a pane that end after `after`, ascending, up to those that end at `most`. */
  *over(pane: number, after: number, most = Infinity): Iterable<{ readonly start: number; readonly end: number }> {
    for (let end = this.#assigner.nextEnd(pane, after); end <= most && end !== Infinity; end = this.#assigner.nextEnd(pane, end))
      yield { start: this.#assigner.startOf(end), end }
  }
  /** Everything that is open after `after`, for people to look at. */
  *entries(after: number, only: Key | undefined): Iterable<StateEntry> {
    const { keys } = this.#store
    const ends = new Set<number>()
    for (const pane of this.#store) for (const { end } of this.over(pane.start, after)) ends.add(end)
    for (const end of [...ends].sort((a, b) => a - b)) {
      const window = { start: this.#assigner.startOf(end), end }
      if (only !== undefined) {
        const whole = this.byKey(end)(keys.of(only))
        if (whole !== null) yield { key: only, window, value: this.#folds.shown(whole.cells, whole.at) }
        continue
      }
      const all = this.of(end)
      for (const row of keys.placesInOrder(all))
        yield { key: keys.keyOf(all.ids[row]!), window, value: this.#folds.shown(all.page(row), all.at(row)) }
    }
  }
}
