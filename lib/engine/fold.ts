// O3/O5: reads a ledger from its start to the barrier and checks that it follows its own rules (I1, I3).
import { Arena } from '../model/arena.ts'
import { MillraceError, messageOf } from '../model/errors.ts'
import type { RecordBatch } from '../model/record-batch.ts'
import type { PartitionReader } from '../ports/record-log.ts'
import { type BlockEntry, entriesOf } from '../state/delta.ts'
import type { Store } from '../state/store.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { Fitting, Migration } from './fitting.ts'
import { type Barrier, type LedgerRecord, ledgerRecord, type Meta } from './ledger.ts'

export interface Folded {
  /** The last meta: the truth about positions; null when the task never committed an epoch. */
  readonly meta: Meta | null
  /** Offset of the last meta, −1 without one. */
  readonly at: number
  readonly snapshotAt: number | null
  readonly snapshotBytes: number
  /** Of deltas and metas since the last snapshot, keys included. */
  readonly deltaBytes: number
  /** The barriers since the last meta, in order (S6.5). */
  readonly trail: readonly Barrier[]
  /** What the stores hold of it: all as it is, all with something migrated, or nothing that could be used. */
  readonly fitting: Fitting
}

/** Who else is told what the ledger holds, in its order. */
export interface Told {
  /** What was told before does not count any more: a snapshot follows. */
  replace(): void
  add(entry: BlockEntry): void
}

interface Epoch {
  readonly firstAt: number
  kind: 'delta' | 'snapshot' | null
  readonly blocks: Buffer[]
}

export class LedgerFold {
  readonly #stores: ReadonlyMap<string, Store>
  readonly #told: { readonly from: number; readonly who: Told } | null
  readonly #name: string
  #open: Epoch | null = null
  #seen: 'nothing' | 'something' = 'nothing'
  #meta: Meta | null = null
  #at = -1
  #snapshotAt: number | null = null
  #snapshotBytes = 0
  #deltaBytes = 0
  #trail: Barrier[] = []
  #waiting: { readonly block: Buffer; readonly offset: number; readonly tells: boolean; readonly fitting: Fitting }[] = []
  readonly #fittings: (meta: Meta) => Fitting
  #fitting: Fitting = FITS
  readonly #start: number

  /**
   * @param start the ledger's first kept offset
   * @param fittings what the stores can make of an epoch
   * @param told who hears of every entry behind offset `from`
   */
  constructor(
    name: string,
    stores: readonly Store[],
    start: number,
    fittings: (meta: Meta) => Fitting,
    told: { readonly from: number; readonly who: Told } | null = null,
  ) {
    this.#name = name
    this.#stores = new Map(stores.map(s => [s.name, s]))
    this.#start = start
    this.#fittings = fittings
    this.#told = told
  }
  /** @throws DATA_LOSS, LEDGER_CORRUPT, STATE_INCOMPATIBLE */
  take(batch: RecordBatch, i: number): void {
    const record = ledgerRecord(batch, i)
    if (record.kind === 'barrier') {
      this.#trail.push(record.barrier)
      return
    }
    this.#deltaBytes += batch.columns.keyLengths[i]! + batch.columns.valueLengths[i]!
    if (this.#seen === 'nothing') this.#first(record)
    this.#seen = 'something'
    if (record.kind === 'meta') this.#close(record.meta, record.offset)
    else {
      this.#open ??= { firstAt: record.offset, kind: null, blocks: [] }
      if (this.#open.kind !== null && this.#open.kind !== record.kind)
        this.#corrupt(record.offset, 'mixes deltas and a snapshot in one epoch')
      this.#open.kind = record.kind
      this.#open.blocks.push(record.block)
    }
  }
  /** Loads a block of the epoch that was taken last; all of them before anything else is taken. @returns whether there was one */
  load(): boolean {
    const next = this.#waiting.shift()
    if (next === undefined) return false
    this.#load(next.block, next.offset, next.tells, next.fitting)
    return true
  }
  /** Nothing follows. */
  result(): Folded {
    if (this.#open !== null) this.#corrupt(this.#open.firstAt, 'ends in the middle of an epoch')
    if (this.#seen === 'nothing' && this.#start > 0) this.#lost(`begins at offset ${this.#start} and holds nothing`)
    return {
      meta: this.#meta,
      at: this.#at,
      snapshotAt: this.#snapshotAt,
      snapshotBytes: this.#snapshotBytes,
      deltaBytes: this.#deltaBytes,
      trail: this.#trail,
      fitting: this.#fitting,
    }
  }
  /** Whether something that was loaded was migrated: then the stores hold what nobody else does. */
  get migrates(): boolean {
    return this.#fitting.kind === 'migrates'
  }
  /** A ledger that was cut off must begin with a snapshot. */
  #first(record: LedgerRecord): void {
    const snapshot = record.kind === 'snapshot' || (record.kind === 'meta' && record.meta.kind === 'snapshot')
    if (this.#start > 0 && !snapshot) this.#lost(`begins at offset ${this.#start} without a snapshot`)
  }
  #close(meta: Meta, offset: number): void {
    const { blocks, firstAt, kind } = this.#open ?? { blocks: [], firstAt: offset, kind: null }
    this.#open = null
    if (this.#meta !== null) {
      if (meta.ledgerId !== this.#meta.ledgerId)
        this.#corrupt(offset, `belongs to another ledger (${meta.ledgerId}, not ${this.#meta.ledgerId})`)
      if (meta.epoch !== this.#meta.epoch + 1) this.#corrupt(offset, `holds epoch ${meta.epoch} after epoch ${this.#meta.epoch}`)
    } else if (this.#start === 0 && meta.epoch !== 1) this.#lost(`begins with epoch ${meta.epoch}`)
    if (kind === 'snapshot' && meta.kind !== 'snapshot') this.#corrupt(offset, 'ends a snapshot with the meta of an epoch')
    const size = blocks.reduce((n, b) => n + b.length, 0)
    const tells = this.#told !== null && offset > this.#told.from
    if (meta.kind === 'snapshot') {
      for (const store of this.#stores.values()) store.clear()
      this.#snapshotAt = firstAt
      this.#snapshotBytes = size
      this.#deltaBytes = 0
      this.#fitting = FITS
      if (tells) this.#told!.who.replace()
    }
    const fitting = this.#fittings(meta)
    if (fitting.kind === 'unfit' || (fitting.kind === 'migrates' && this.#fitting.kind === 'fits')) this.#fitting = fitting
    for (const block of blocks) this.#waiting.push({ block, offset, tells, fitting })
    this.#meta = meta
    this.#at = offset
    this.#trail = []
  }
  #load(block: Buffer, offset: number, tells: boolean, fitting: Fitting): void {
    for (const entry of entriesOf(block)) {
      const { store: name, key, value } = entry
      if (tells) this.#told!.who.add(entry)
      if (fitting.kind === 'unfit') continue
      const store = this.#stores.get(name)
      if (store === undefined) {
        throw new MillraceError(
          'STATE_INCOMPATIBLE',
          `${this.#name} holds state of stage '${name}' (offset ${offset}), which the processor does not have`,
        )
      }
      const migrate = fitting.kind === 'migrates' ? fitting.migrations.get(name) : undefined
      if (migrate === undefined) store.load(key, value)
      else this.#migrate(store, key, value, migrate)
    }
  }
  #migrate(store: Store, key: Buffer, value: Buffer | null, migrate: Migration): void {
    if (store.loadOld === undefined)
      throw new MillraceError('STATE_INCOMPATIBLE', `what stage '${store.name}' remembers cannot be migrated: only values by key can`)
    try {
      store.loadOld(key, value, old => plain(migrate(old)))
    } catch (cause) {
      throw new MillraceError(
        'STATE_INCOMPATIBLE',
        `the migration of stage '${store.name}' failed on key ${JSON.stringify(readValue(key))}: ${messageOf(cause)}`,
        { cause },
      )
    }
  }
  #corrupt(offset: number, what: string): never {
    throw new MillraceError('LEDGER_CORRUPT', `${this.#name} ${what}, at offset ${offset}`)
  }
  #lost(what: string): never {
    throw new MillraceError('DATA_LOSS', `${this.#name} ${what}: earlier state is gone`)
  }
}

/** @throws STATE_NOT_PLAIN */
function plain(value: unknown): unknown {
  writeValue(new Arena(256), value)
  return value
}

const FITS: Fitting = { kind: 'fits' }
const AT_ONCE = { bytes: 8_000_000, between: async (): Promise<void> => {} }

/** Reads `[start, barrier)` into the fold, and does `between` after every block. @throws OFFSET_OUT_OF_RANGE when the ledger was truncated meanwhile: O3 begins again */
export async function readLedger(
  reader: PartitionReader,
  start: number,
  barrier: number,
  fold: LedgerFold,
  { bytes, between }: { readonly bytes: number; readonly between: () => Promise<void> } = AT_ONCE,
): Promise<void> {
  for (let next = start; next < barrier; ) {
    const fetched = await reader.fetch(bytes)
    if (fetched.from > next) {
      reader.seek(next) // E1: what lies between was never seen
      continue
    }
    for (const batch of fetched.batches) {
      for (let i = batch.indexOf(next); i < batch.count && batch.offset(i) < barrier; i++) {
        fold.take(batch, i)
        while (fold.load()) await between()
      }
    }
    if (fetched.from === next && fetched.next === next)
      throw new MillraceError('LOG_UNAVAILABLE', `a ledger read stands at offset ${next}, below its barrier ${barrier}`)
    next = Math.max(next, fetched.next)
  }
}
