// What the keys have folded in one stretch of time that no window's bound cuts. What has passed is dropped as a whole (performance.md §4).
import { Rows } from './rows.ts'

/** Which windows lie over a pane, by their ends (lib/stages/window/assigner.ts). */
export interface PaneEnds {
  nextEnd(pane: number, after: number): number
  lastEnd(pane: number): number
}

/** The row's entry is due. */
const CHANGED = 1
/** The ledger knows the row. */
const STORED = 2

export class Pane extends Rows {
  readonly start: number
  /** Ends of the first and the last window over it. */
  readonly firstEnd: number
  readonly lastEnd: number
  live: 'live' | 'gone' = 'live'
  /** Rows with something to tell: some may have nothing by now, some may stand here twice. */
  #news: number[] = []
  /** By row: CHANGED and STORED. */
  readonly #flags: number[] = []
  #changed: number[] = []
  #stored: 'some' | 'none' = 'none'
  constructor(start: number, states: number, ends: PaneEnds) {
    super(states)
    this.start = start
    this.firstEnd = ends.nextEnd(start, -Infinity)
    this.lastEnd = ends.lastEnd(start)
  }
  /** Whether the ledger knows any row. */
  get stored(): 'some' | 'none' {
    return this.#stored
  }
  override end(id: number, folded: number, told: number): number {
    this.#flags.push(0)
    return super.end(id, folded, told)
  }
  override remove(row: number): void {
    this.#flags[row] = this.#flags.at(-1)!
    this.#flags.pop()
    super.remove(row)
  }
  /** Marks the row as changed. @returns `'first'`: none was since the changes were taken */
  touch(row: number): 'first' | 'further' {
    const flags = this.#flags[row]!
    if ((flags & CHANGED) !== 0) return 'further'
    this.#flags[row] = flags | CHANGED
    return this.#changed.push(row) === 1 ? 'first' : 'further'
  }
  /** Rows that changed since the last call, each once. */
  takeChanged(): readonly number[] {
    const changed: number[] = []
    for (const row of this.#changed) {
      if (row >= this.size || (this.#flags[row]! & CHANGED) === 0) continue
      this.#flags[row]! &= ~CHANGED
      changed.push(row)
    }
    this.#changed = []
    return changed
  }
  isStored(row: number): boolean {
    return (this.#flags[row]! & STORED) !== 0
  }
  /** The ledger knows the row. */
  setStored(row: number): void {
    this.#flags[row]! |= STORED
    this.#stored = 'some'
  }
  /** The row has something to tell. @returns `'first'`: none of the pane had */
  note(row: number): 'first' | 'further' {
    return this.#news.push(row) === 1 ? 'first' : 'further'
  }
  /** Notes all rows that have something to tell, and no others. */
  noteAll(): void {
    this.#news = []
    for (let row = 0; row < this.size; row++) if (this.#isNews(row)) this.#news.push(row)
  }
  hasNews(): boolean {
    const news = this.#news
    while (news.length > 0 && !this.#isNews(news.at(-1)!)) news.pop()
    return news.length > 0
  }
  /** Rows with something to tell, each once; they are told now. */
  takeNews(): readonly number[] {
    const news: number[] = []
    for (const row of this.#news) {
      if (!this.#isNews(row)) continue
      this.setCounts(row, this.folded(row), this.folded(row))
      news.push(row)
    }
    this.#news = []
    return news
  }
  #isNews(row: number): boolean {
    return row < this.size && this.folded(row) !== this.told(row)
  }
}
