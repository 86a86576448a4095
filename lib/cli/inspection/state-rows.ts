// The state of a processor as rows, whether its tasks live here or rest in the log.
import { compareKeys } from '../../model/key.ts'
import type { StateAnswer, StateRow } from '../../ports/inspection.ts'
import type { StateEntry } from '../../engine/stream-task.ts'
import { processorOf, type SystemFacts } from './facts.ts'
import { tasksAtRest } from './ledger-at-rest.ts'
import { plain } from './plain.ts'

export interface StoreEntries {
  readonly partition: number
  readonly store: string
  readonly entries: Iterable<StateEntry> | AsyncIterable<StateEntry>
}

/** @throws OPTION_INVALID */
export async function stateOf(facts: SystemFacts, processor: string, key: string | null, limit: number): Promise<StateAnswer> {
  const known = processorOf(facts.processors, processor)
  const stores: StoreEntries[] = []
  const keys = key === null ? [undefined] : keysMeant(key)
  if (facts.running !== null) {
    for (const { partition, task } of facts.running.worker.streamTasks(processor))
      for (const k of keys)
        for (const { store, entries } of [...task.stores(k), ...task.evicted(k)]) stores.push({ partition, store, entries })
  } else {
    for (const { partition, stores: all } of await tasksAtRest(facts.ports.log, facts.app, known))
      for (const k of keys) for (const store of all) stores.push({ partition, store: store.name, entries: store.entries(k) })
  }
  return stateAnswer(stores, limit)
}

/** Entries beyond the limit are only counted: a million of them must not hold up the tasks of this process. */
export async function stateAnswer(stores: readonly StoreEntries[], limit: number): Promise<StateAnswer> {
  const order = [...new Set(stores.map(s => s.store))]
  const rows: StateRow[] = []
  let total = 0
  for (const { partition, store, entries } of stores) {
    const take = (e: StateEntry): void => {
      if (total++ < limit) rows.push({ partition, store, key: e.key, window: e.window ?? null, value: plain(e.value) })
    }
    if (Symbol.asyncIterator in entries) for await (const e of entries) take(e)
    else for (const e of entries) take(e)
  }
  rows.sort(
    (a, b) =>
      a.partition - b.partition ||
      order.indexOf(a.store) - order.indexOf(b.store) ||
      (a.window?.start ?? 0) - (b.window?.start ?? 0) ||
      compareKeys(a.key, b.key),
  )
  return { rows, total }
}

/** A key on the command line is text; a number may be meant. */
const keysMeant = (text: string): readonly (string | number)[] =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? [text, Number(text)] : [text]
