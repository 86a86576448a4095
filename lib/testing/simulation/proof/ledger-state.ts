// A ledger folded as its owner would fold it: the entries byte for byte, and what the job's own stores make of them.
import { compile } from '../../../engine/compile.ts'
import type { Meta } from '../../../engine/ledger.ts'
import type { Plan } from '../../../model/plan.ts'
import { entriesOf } from '../../../state/delta.ts'
import type { StateEntry } from '../../../state/store.ts'
import { packedKey, type TaskContent } from '../cache-server.ts'

/** What the ledger folds to after an epoch. */
export interface Fold {
  readonly epoch: number
  /** Number of entries, of all stores. */
  readonly size: number
}
/** An entry's value from an epoch on; null: it is gone. */
interface Version {
  readonly epoch: number
  readonly value: Uint8Array | null
}
/** Values by key, the key as one character a byte. */
type Entries = Map<string, Uint8Array>

export class LedgerState {
  readonly #pipeline: ReturnType<typeof compile>
  /** All that every entry ever was, oldest first: store → key → versions. So a fold at any epoch can be looked at, and none is copied. */
  readonly #versions = new Map<string, Map<string, Version[]>>()
  #fold: Fold = { epoch: 0, size: 0 }

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
  get fold(): Fold {
    return this.#fold
  }
  /** Takes an epoch. A snapshot replaces everything, and must be what it replaces: says whether it is. */
  take(meta: Meta, blocks: readonly Buffer[]): 'taken' | 'another state' {
    const { stores, inputs } = this.#pipeline
    const byName = new Map(stores.map(s => [s.name, s]))
    if (meta.kind === 'snapshot') for (const store of stores) store.clear()
    const replaced = new Map<string, Entries>()
    let { size } = this.#fold
    for (const block of blocks)
      for (const { store, key, value } of entriesOf(block)) {
        byName.get(store)!.load(key, value)
        if (meta.kind === 'snapshot') at(replaced, store, () => new Map()).set(packedKey(key), value!)
        else size += this.#change(store, packedKey(key), { epoch: meta.epoch, value })
      }
    for (const [name, { clock }] of inputs) clock.restore(meta.times[name] ?? -Infinity)
    this.#fold = { epoch: meta.epoch, size }
    return meta.kind === 'epoch' || this.#holdsExactly(replaced, this.#fold) ? 'taken' : 'another state'
  }
  /** Whether a cache held exactly what the ledger folds to there. */
  isHeldBy({ stores }: TaskContent, fold: Fold): boolean {
    return this.#holdsExactly(stores, fold)
  }
  /** Number of entries per store, and what people see of them. */
  get sizes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#pipeline.stores.map(s => [s.name, s.size]))
  }
  lines(store: string): readonly string[] {
    const found = this.#pipeline.stores.find(s => s.name === store)
    return found === undefined ? [] : [...found.entries()].map(line)
  }
  /** @returns by how much there are more entries now */
  #change(store: string, key: string, version: Version): number {
    const versions = at(
      at(this.#versions, store, () => new Map<string, Version[]>()),
      key,
      () => [],
    )
    const before = versions.at(-1)?.value ?? null
    versions.push(version)
    return (version.value === null ? 0 : 1) - (before === null ? 0 : 1)
  }
  #holdsExactly(stores: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>, { epoch, size }: Fold): boolean {
    let held = 0
    for (const [store, entries] of stores) {
      const known = this.#versions.get(store)
      for (const [key, value] of entries) {
        const due = known?.get(key)?.findLast(v => v.epoch <= epoch)?.value ?? null
        if (due === null || !sameBytes(due, value)) return false
        held++
      }
    }
    return held === size
  }
}

const line = ({ key, window, value }: StateEntry): string =>
  `${key}${window === undefined ? '' : `@${window.start}`}: ${Object.values(value as Record<string, number>).join(' ')}`

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** What the map has at `key`; `made`, when it has nothing yet. */
function at<K, V>(map: Map<K, V>, key: K, made: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = made()))
  return value
}
