// Windows put together from their panes.
import type { Key } from '../../model/key.ts'
import { KeyOrder } from '../../state/key-order.ts'
import type { Accumulator, PaneStore } from '../../state/pane-store.ts'
import type { StateEntry } from '../../state/store.ts'
import type { Accumulate, States } from './accumulate.ts'
import type { Assigner } from './assigner.ts'

/** What a window holds of one key, over all its panes. */
export interface Whole {
  readonly key: Key
  readonly states: readonly unknown[]
  /** Records folded, and how many of them had been when it was last told. */
  readonly folded: number
  readonly told: number
}

export class WholeWindows {
  readonly #store: PaneStore
  readonly #assigner: Assigner
  readonly #folds: Accumulate
  readonly #order = new KeyOrder()
  constructor(store: PaneStore, assigner: Assigner, folds: Accumulate) {
    this.#store = store
    this.#assigner = assigner
    this.#folds = folds
  }
  /** The window that ends at `end`, of every key that has records in it, in key order (S3.9). */
  of(end: number): readonly Whole[] {
    const folds = this.#folds
    const [first, ...others] = this.#store.between(this.#assigner.startOf(end), end)
    if (first === undefined) return []
    if (others.length === 0)
      return this.#order.valuesOf(first.keys).map(({ key, values, folded, told }) => ({ key, states: values, folded, told }))
    const found = new Map<Key, { key: Key; states: readonly unknown[]; folded: number; told: number; own: 'copy' | 'original' }>()
    for (const { key, values, folded, told } of first.keys.values()) found.set(key, { key, states: values, folded, told, own: 'original' })
    for (const pane of others) {
      for (const { key, values, folded, told } of pane.keys.values()) {
        const whole = found.get(key)
        if (whole === undefined) {
          found.set(key, { key, states: values, folded, told, own: 'original' })
          continue
        }
        if (whole.own === 'original') whole.states = folds.copied(whole.states)
        whole.own = 'copy'
        folds.merge(whole.states as States, values)
        whole.folded += folded
        whole.told += told
      }
    }
    return this.#order.valuesOf(found)
  }
  /** As `of`, for one key; null when it has no records in the window. */
  ofKey(end: number, key: Key): Whole | null {
    let first: Accumulator | undefined
    let states: States | null = null
    let folded = 0
    let told = 0
    for (const pane of this.#store.between(this.#assigner.startOf(end), end)) {
      const accumulator = pane.keys.get(key)
      if (accumulator === undefined) continue
      folded += accumulator.folded
      told += accumulator.told
      if (first === undefined) first = accumulator
      else this.#folds.merge((states ??= this.#folds.copied(first.values)), accumulator.values)
    }
    return first === undefined ? null : { key, states: states ?? first.values, folded, told }
  }
  /** The windows over a pane that end after `after`, ascending, up to those that end at `most`. */
  *over(pane: number, after: number, most = Infinity): Iterable<{ readonly start: number; readonly end: number }> {
    for (let end = this.#assigner.nextEnd(pane, after); end <= most && end !== Infinity; end = this.#assigner.nextEnd(pane, end))
      yield { start: this.#assigner.startOf(end), end }
  }
  /** Everything that is open after `after`, for people to look at. */
  *entries(after: number, key: Key | undefined): Iterable<StateEntry> {
    const ends = new Set<number>()
    for (const pane of this.#store) for (const { end } of this.over(pane.start, after)) ends.add(end)
    for (const end of [...ends].sort((a, b) => a - b)) {
      const window = { start: this.#assigner.startOf(end), end }
      const wholes = key === undefined ? this.of(end) : [this.ofKey(end, key)]
      for (const whole of wholes) if (whole !== null) yield { key: whole.key, window, value: this.#folds.shown(whole.states) }
    }
  }
}
