// Accumulators of many keys, a row of cells each: without an object per accumulator, and where all states are numbers, without one per number.
import { IdSet } from './id-set.ts'

/** What stands in a row after the states. */
const COUNTS = 2
/** Rows lie in pages: growing copies none that is full, and no page is so large that it would have to be kept apart from what is short-lived. */
const PAGE_BITS = 8
const IN_PAGE = (1 << PAGE_BITS) - 1

/**
 * A row by the id of each key: one state per fold in the order of the folds, the number of records folded, and how many of these had been when the windows
 * over it were last told (S4.2, S4.3).
 */
export class Rows extends IdSet {
  /** States in a row. */
  readonly states: number
  readonly #width: number
  readonly #pages: unknown[][] = [[]]
  /** @param expected so many rows are to come */
  constructor(states: number, expected = 0) {
    super(expected)
    this.states = states
    this.#width = states + COUNTS
  }
  /** The page of a row, also of the one after the last: its cells are filled first, in their order, and then it is ended. */
  page(row: number): unknown[] {
    const page = this.#pages[row >>> PAGE_BITS]
    if (page !== undefined) return page
    // A copy of the page before has the room that is needed, and the engine knows it to hold what its rows will.
    const next = this.#pages.at(-1)!.slice()
    this.#pages.push(next)
    return next
  }
  /** Where in its page a row begins. */
  at(row: number): number {
    return (row & IN_PAGE) * this.#width
  }
  folded(row: number): number {
    return this.page(row)[this.at(row) + this.states] as number
  }
  told(row: number): number {
    return this.page(row)[this.at(row) + this.states + 1] as number
  }
  /** One more record was folded. @returns `'news'`: all before it had been told */
  count(row: number): 'news' | 'more news' {
    const page = this.page(row)
    const at = this.at(row) + this.states
    const folded = page[at] as number
    page[at] = folded + 1
    return folded === page[at + 1] ? 'news' : 'more news'
  }
  setCounts(row: number, folded: number, told: number): void {
    const page = this.page(row)
    const at = this.at(row) + this.states
    page[at] = folded
    page[at + 1] = told
  }
  /** Ends the row after the last, whose states are in its cells. @returns its number */
  end(id: number, folded: number, told: number): number {
    this.setCounts(this.size, folded, told)
    return this.add(id)
  }
  /** Removes a row; the last one takes its place. */
  override remove(row: number): void {
    const last = this.size - 1
    const to = this.page(row)
    const from = this.page(last)
    for (let i = 0, at = this.at(row), of = this.at(last); i < this.#width; i++) to[at + i] = from[of + i]
    super.remove(row)
  }
}
