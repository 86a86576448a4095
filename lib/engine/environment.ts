// What a task is given: the ports it stands on and the facts of its deployment.
import type { ProcessorOptions } from '../stages/processor.ts'
import type { Plan } from '../model/plan.ts'
import type { Retention } from '../model/topic.ts'
import type { Clock } from '../ports/clock.ts'
import type { Feed } from '../ports/feed.ts'
import type { Observer } from '../ports/observer.ts'
import type { Random } from '../ports/random.ts'
import type { RecordLog } from '../ports/record-log.ts'
import type { Registry } from '../ports/registry.ts'
import type { StateCache } from '../ports/state-cache.ts'
import type { Tables } from '../ports/tables.ts'
import type { TargetTopic } from './outbox.ts'

export interface Ports {
  readonly log: RecordLog
  readonly cache: StateCache
  readonly registry: Registry
  /** Null where no processor loads tables. */
  readonly tables: Tables | null
  readonly feeds: ReadonlyMap<string, Feed>
  readonly clock: Clock
  readonly random: Random
  readonly observer: Observer
}

/** A processor as deployed: its topics exist, its schemas are registered. */
export interface Deployment {
  readonly app: string
  readonly plan: Plan
  readonly options: ProcessorOptions
  /** Number of tasks: the largest partition count of the inputs. */
  readonly tasks: number
  /** Partition count of every input; a feed has 1. */
  readonly inputs: ReadonlyMap<string, number>
  /** Topics it writes, ready to be written. */
  topic(name: string): TargetTopic
  readonly deadLetterTopic: { readonly name: string; readonly partitions: number }
}

/** Settings of the engine that no semantics depend on. */
export interface Tuning {
  /** Most records of an epoch. */
  readonly epochRecords: number
  /** Most bytes that an epoch takes from its inputs. */
  readonly epochBytes: number
  /** Most computing of an epoch, ms. */
  readonly epochMs: number
  /** Most bytes of one read of the ledger at OPEN. */
  readonly ledgerReadBytes: number
  /** Between two APPLY, ms. */
  readonly applyEveryMs: number
  /** Most entries of one call of APPLY (E6), and most keys of one call that reads entries back (E2). */
  readonly applyEntries: number
  /** Most entries of a task that stay in memory, of stores that only records move (E2); more while they are dirty. The cache holds the others. */
  readonly residentEntries: number
  /** Between two marks while busy, ms (S2.5). */
  readonly markEveryMs: number
  /** A snapshot is due when what the ledger took since the last, deltas and metas, exceeds this and twice the live state, bytes. */
  readonly snapshotBytes: number
  readonly ledgerRetention: Retention
  /** 'compared': looks for state in rx() (S5.6), at twice the cost of its operators. */
  readonly rx: 'run' | 'compared'
}

export const TUNING: Tuning = {
  epochRecords: 50_000,
  epochBytes: 8_000_000,
  epochMs: 100,
  ledgerReadBytes: 8_000_000,
  applyEveryMs: 1_000,
  applyEntries: 1_000,
  residentEntries: 1_000_000,
  markEveryMs: 200,
  snapshotBytes: 8_000_000,
  ledgerRetention: 'forever',
  rx: 'run',
}
