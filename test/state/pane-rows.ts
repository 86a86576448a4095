// Rows of panes, as tests write and read them.
import type { Key } from '#lib/model/key.ts'
import type { Pane } from '#lib/state/pane.ts'
import type { PaneStore } from '#lib/state/pane-store.ts'

/** Enters a row of states that have folded so many records. */
export function entered(store: PaneStore, pane: Pane, key: Key, states: readonly unknown[], folded = 1, told = 0): number {
  const [page, at] = [pane.page(pane.size), pane.at(pane.size)]
  for (const [i, state] of states.entries()) page[at + i] = state
  const known = store.keys.of(key)
  return store.end(pane, known < 0 ? store.keys.add(key) : known, folded, told)
}

export interface PaneRow {
  readonly start: number
  readonly key: Key
  readonly states: readonly unknown[]
  readonly folded: number
  readonly told: number
}
export const statesOf = (pane: Pane, row: number): readonly unknown[] => pane.page(row).slice(pane.at(row), pane.at(row) + pane.states)
/** All rows by time and key. */
export const rowsOf = (store: PaneStore): readonly PaneRow[] =>
  [...store].flatMap(pane =>
    store.keys.placesInOrder(pane).map(row => ({
      start: pane.start,
      key: store.keys.keyOf(pane.ids[row]!),
      states: statesOf(pane, row),
      folded: pane.folded(row),
      told: pane.told(row),
    })),
  )
