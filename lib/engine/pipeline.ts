// A compiled plan, and what it is opened in.
import type { Key } from '../model/key.ts'
import type { LateEvent } from '../ports/observer.ts'
import type { Cursor, WallTimers } from '../stages/context.ts'
import type { StreamClock } from '../stages/window/clock.ts'
import type { MergedClock } from '../stages/window/merged-clock.ts'
import type { Store } from '../state/store.ts'
import type { UndoLog } from '../state/undo.ts'
import type { CollectedRows } from './collected-rows.ts'
import type { Drops } from './drops.ts'
import type { Outbox, TargetTopic } from './outbox.ts'
import type { PipelineInput } from './pipeline-input.ts'
import type { Bounded } from './residency.ts'

/** What a pipeline is opened in. */
export interface Surroundings {
  readonly partition: number
  /** See StageContext. */
  readonly rx: 'run' | 'compared'
  /** Partition count of an input. */
  partitionsOf(input: string): number
  topic(name: string): TargetTopic
  /** Takes rows for tables, and keys whose rows leave; null in a task that writes topics. */
  readonly tables: CollectedRows | null
  late(event: LateEvent): void
  lateRecord(): void
  /** A derived value was refused: its dead letter is due. */
  refusedResult(value: unknown, key: Key, at: number, error: unknown, stage: string): void
}

/** A place where the task writes marks: a keyBy() and stream time there (S2.5). */
export interface Repartition {
  readonly topic: TargetTopic
  readonly clock: StreamClock
  /** The inputs whose stream time this is. */
  readonly inputs: readonly string[]
}

export interface Pipeline {
  readonly cursor: Cursor
  readonly undo: UndoLog
  readonly outbox: Outbox
  readonly drops: Drops
  readonly stores: readonly Store[]
  /** Those of them that need not be in memory as a whole. */
  readonly bounded: readonly Bounded[]
  /** Removes what has outlived its time (S5.2), at the end of an epoch, by the stream time of each store's place. */
  sweep(): void
  readonly inputs: ReadonlyMap<string, PipelineInput>
  /** Clocks where several inputs come together, those of merges behind others last. */
  readonly merged: readonly MergedClock[]
  readonly repartitions: readonly Repartition[]
  /** What is due once the record in hand has been taken. */
  readonly afterRecord: (() => void)[]
  readonly wallTimers: readonly WallTimers[]
  /** What is due at the end of every turn, in plan order. */
  readonly turnEnds: readonly (() => void)[]
  /** Set by a stage that found the code itself wrong: the task must end. */
  fatal: Error | null
}
