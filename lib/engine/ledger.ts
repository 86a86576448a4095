// The ledger of a task: the write-ahead log that is the only authority about its state (exactly-once.md §1). This file knows its records.
import { MillraceError } from '../model/errors.ts'
import { BatchBuilder, type RecordBatch } from '../model/record-batch.ts'
import type { PartitionWrite } from '../ports/record-log.ts'

export type LedgerKind = 'delta' | 'snapshot' | 'meta' | 'barrier'

/** What is known of one upstream task of a repartition input (S2.5); null: never heard of. */
export interface UpstreamMark {
  readonly time: number | null
  readonly idle: 'idle' | 'busy'
}

/** Always the last record of an epoch. Times are ms, null for "none yet". */
export interface Meta {
  readonly epoch: number
  readonly ledgerId: string
  readonly kind: 'epoch' | 'snapshot'
  /** Next offset of each input. */
  readonly positions: Readonly<Record<string, number>>
  /** Stream time of each input, and where several come together. */
  readonly times: Readonly<Record<string, number | null>>
  readonly marks: Readonly<Record<string, readonly UpstreamMark[]>>
  /** What feeds need to know their position by. */
  readonly feeds: Readonly<Record<string, string>>
  readonly liveKeys: Readonly<Record<string, number>>
  readonly fingerprint: string
  readonly stages: readonly string[]
  /** Offset of the first record of the last snapshot; null before the first. */
  readonly snapshotAt: number | null
  readonly counts: Counts
  readonly ts: number
}

/** I14: every input record is counted once per task; refused results apart. */
export interface Counts {
  readonly records: number
  readonly late: number
  readonly refused: number
  readonly refusedResults: number
}
export const NO_COUNTS: Counts = { records: 0, late: 0, refused: 0, refusedResults: 0 }

export const ledgerTopic = (app: string, processor: string): string => `${app}.${processor}.ledger`

const KEYS: Readonly<Record<LedgerKind, Buffer>> = {
  delta: Buffer.from('delta'),
  snapshot: Buffer.from('snapshot'),
  meta: Buffer.from('meta'),
  barrier: Buffer.from('barrier'),
}

/** Bytes for what stands around the blocks: keys, and a meta of a few inputs and stores. */
const ROOM = 1_536
/** The ledger records of one epoch: its blocks, then its meta. */
export function epochWrite(topic: string, partition: number, blocks: readonly Buffer[], meta: Meta): PartitionWrite {
  const builder = new BatchBuilder(
    blocks.length + 1,
    blocks.reduce((bytes, block) => bytes + block.length, ROOM),
  )
  for (const block of blocks) builder.add(meta.ts, KEYS[meta.kind === 'snapshot' ? 'snapshot' : 'delta'], block)
  builder.add(meta.ts, KEYS.meta, Buffer.from(JSON.stringify(meta)))
  return { topic, partition, columns: builder.columns() }
}

/** A batch that a task with reason to be careful is about to compute (S6.5). */
export interface Attempt {
  /** Processes that died in these records before. */
  readonly deaths: number
  readonly records: number
  /** From which offset to below which, by input. */
  readonly take: Readonly<Record<string, readonly [from: number, to: number]>>
}
/** What a record that stands between epochs says: the first OPEN of a process, another one of the same, or what is computed next. */
export type Barrier = { readonly why: 'start' } | { readonly why: 'again' } | { readonly why: 'attempt'; readonly attempt: Attempt }

/** O2: a record whose offset bounds what recovery reads. */
export function barrierWrite(topic: string, partition: number, ts: number, barrier: Barrier): PartitionWrite {
  const builder = new BatchBuilder(1, 64)
  builder.add(ts, KEYS.barrier, Buffer.from(JSON.stringify(barrier)))
  return { topic, partition, columns: builder.columns() }
}

export type LedgerRecord =
  | { readonly kind: 'delta' | 'snapshot'; readonly offset: number; readonly block: Buffer }
  | { readonly kind: 'meta'; readonly offset: number; readonly meta: Meta }
  | { readonly kind: 'barrier'; readonly offset: number; readonly barrier: Barrier }

/** One record of a ledger batch. @throws LEDGER_CORRUPT */
export function ledgerRecord(batch: RecordBatch, i: number): LedgerRecord {
  const offset = batch.offset(i)
  const where = { topic: batch.topic, partition: batch.partition, offset }
  const parsed = (text: Buffer): unknown => {
    try {
      return JSON.parse(text.toString())
    } catch (cause) {
      throw new MillraceError('LEDGER_CORRUPT', `the ${kind} at offset ${offset} of ${batch.topic}/${batch.partition} is not readable`, {
        cause,
        where,
      })
    }
  }
  const kind = batch.key(i)?.toString('latin1')
  const value = batch.value(i)
  if (value === null)
    throw new MillraceError('LEDGER_CORRUPT', `the ledger record at offset ${offset} of ${batch.topic}/${batch.partition} has no value`, {
      where,
    })
  switch (kind) {
    case 'delta':
    case 'snapshot':
      return { kind, offset, block: value }
    case 'meta':
      return { kind, offset, meta: parsed(value) as Meta }
    case 'barrier':
      return { kind, offset, barrier: { why: 'again', ...(parsed(value) as Partial<Barrier>) } as Barrier } // the first ledgers did not say why
    default:
      throw new MillraceError('LEDGER_CORRUPT', `the record at offset ${offset} of ${batch.topic}/${batch.partition} is no ledger record`, {
        where,
      })
  }
}
