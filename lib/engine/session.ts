// Everything a task holds between OPEN and CLOSE. CLOSE drops it whole: nothing of it may be used again (I5, I8).
import type { TransactionalProducer } from '../ports/record-log.ts'
import { BlockWriter } from '../state/delta.ts'
import type { Behind } from './behind.ts'
import type { Caution } from './caution.ts'
import type { Pipeline } from './pipeline.ts'
import type { Deployment, Ports, Tuning } from './environment.ts'
import type { TaskInput } from './input.ts'
import type { Counts } from './ledger.ts'
import { Breaker, type DeadLetters } from './refusal.ts'
import type { Residency } from './residency.ts'
import type { Stillness } from './stillness.ts'
import type { Told } from './tell.ts'

/** The facts of a task that outlive its sessions. */
export interface TaskFacts {
  readonly deployment: Deployment
  readonly ports: Ports
  readonly tuning: Tuning
  readonly partition: number
  readonly ledger: string
  readonly labels: { readonly processor: string; readonly partition: number }
  /** Of the process, for all its tasks. */
  readonly stillness: Stillness
  /** What this process has done with the task so far. */
  readonly past: { opened: 'never' | 'before' }
}

export interface SessionStart {
  readonly producer: TransactionalProducer
  readonly pipeline: Pipeline
  readonly inputs: readonly TaskInput[]
  readonly told: readonly Told[]
  readonly deadLetters: DeadLetters
  readonly behind: Behind
  readonly residency: Residency
  readonly ledgerId: string
  readonly epoch: number
  readonly counts: Counts
  readonly snapshotAt: number | null
  readonly snapshotBytes: number
  readonly deltaBytes: number
  readonly caution: Caution
  readonly form: Session['form']
}

export class Session {
  readonly facts: TaskFacts
  readonly producer: TransactionalProducer
  readonly pipeline: Pipeline
  readonly inputs: readonly TaskInput[]
  readonly told: readonly Told[]
  readonly deadLetters: DeadLetters
  readonly behind: Behind
  readonly residency: Residency
  readonly breaker: Breaker
  /** Packs what epochs change; one for all of them, so that a small epoch allocates little. */
  readonly block: BlockWriter
  readonly ledgerId: string
  /** The last computed epoch. */
  epoch: number
  /** As of the last computed epoch. */
  counts: { -readonly [N in keyof Counts]: Counts[N] }
  /** Offset of the first record of the last acknowledged snapshot. */
  snapshotAt: number | null
  /** Size of the last snapshot, and of the epochs acknowledged since: their deltas and, since a task without state has nothing else, their metas. */
  snapshotBytes: number
  deltaBytes: number
  /** A snapshot whose predecessors may be deleted once the cache has passed its meta. */
  truncation: { readonly before: number; readonly metaAt: number } | null = null
  /** Input positions of the last sealed epoch. */
  readonly committedPositions: Map<string, number>
  /** Migrated: what is remembered has another form than in ledger and cache, until a snapshot replaces both (S5.1). */
  form: 'as stored' | 'migrated'
  /** How the next batch is gone about (S6.5). */
  caution: Caution
  /** The commit under way; at most one (E4). */
  committing: Promise<void> | null = null

  constructor(facts: TaskFacts, start: SessionStart) {
    this.facts = facts
    this.producer = start.producer
    this.pipeline = start.pipeline
    this.inputs = start.inputs
    this.told = start.told
    this.deadLetters = start.deadLetters
    this.behind = start.behind
    this.residency = start.residency
    this.block = new BlockWriter(start.pipeline.stores.map(s => s.name))
    this.breaker = new Breaker(facts.deployment.options.breaker)
    this.ledgerId = start.ledgerId
    this.epoch = start.epoch
    this.counts = { ...start.counts }
    this.committedPositions = new Map(start.inputs.map(i => [i.name, i.position]))
    this.snapshotAt = start.snapshotAt
    this.snapshotBytes = start.snapshotBytes
    this.deltaBytes = start.deltaBytes
    this.caution = start.caution
    this.form = start.form
  }
  get caughtUp(): boolean {
    return this.inputs.every(i => i.caughtUp)
  }
  /** CLOSE: after it only a new OPEN may say anything about position or state. */
  async close(): Promise<void> {
    for (const input of this.inputs) input.close()
    await this.committing?.catch(() => {})
    await this.producer.close()
  }
}
