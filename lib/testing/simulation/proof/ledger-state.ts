// A ledger folded as its owner would fold it: the entries byte for byte, and what the job's own stores make of them.
import { compile } from '../../../engine/compile.ts'
import type { Meta } from '../../../engine/ledger.ts'
import type { Plan } from '../../../model/plan.ts'
import { entriesOf } from '../../../state/delta.ts'
import type { StateEntry } from '../../../state/store.ts'
import { packedKey, type TaskContent } from '../cache-server.ts'

/** Entries of all stores: `store\0key` → value, both with one character a byte. */
export type Entries = ReadonlyMap<string, string>

export class LedgerState {
  readonly #pipeline: ReturnType<typeof compile>
  #entries = new Map<string, string>()

  constructor(plan: Plan, partition: number, partitions: number) {
    this.#pipeline = compile(plan, {
      partition,
      partitionsOf: () => partitions,
      topic: name => ({ spec: { name } as never, partitions, writer: null as never }),
      rx: 'run',
      tables: null,
      late: () => {},
      lateRecord: () => {},
      refusedResult: () => {},
    })
  }
  get entries(): Entries {
    return this.#entries
  }
  /** Takes an epoch. A snapshot replaces everything. */
  take(meta: Meta, blocks: readonly Buffer[]): void {
    const { stores, inputs } = this.#pipeline
    const byName = new Map(stores.map(s => [s.name, s]))
    this.#entries = meta.kind === 'snapshot' ? new Map() : new Map(this.#entries)
    if (meta.kind === 'snapshot') for (const store of stores) store.clear()
    for (const block of blocks)
      for (const { store, key, value } of entriesOf(block)) {
        byName.get(store)!.load(key, value)
        const id = `${store}\0${packedKey(key)}`
        if (value === null) this.#entries.delete(id)
        else this.#entries.set(id, packedKey(value))
      }
    for (const [name, { clock }] of inputs) clock.restore(meta.times[name] ?? -Infinity)
  }
  /** Number of entries per store, and what people see of them. */
  get sizes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#pipeline.stores.map(s => [s.name, s.size]))
  }
  lines(store: string): readonly string[] {
    const found = this.#pipeline.stores.find(s => s.name === store)
    return found === undefined ? [] : [...found.entries()].map(line)
  }
}

const line = ({ key, window, value }: StateEntry): string =>
  `${key}${window === undefined ? '' : `@${window.start}`}: ${Object.values(value as Record<string, number>).join(' ')}`

export const sameEntries = (a: Entries, b: Entries): boolean => {
  if (a.size !== b.size) return false
  for (const [id, value] of a) if (b.get(id) !== value) return false
  return true
}
/** Whether a cache holds exactly these entries. */
export function holds({ stores }: TaskContent, entries: Entries): boolean {
  let held = 0
  for (const [store, content] of stores)
    for (const [key, value] of content) {
      if (entries.get(`${store}\0${key}`) !== packedKey(value)) return false
      held++
    }
  return held === entries.size
}
