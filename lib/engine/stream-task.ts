// A session as the life cycle sees it.
import type { Key } from '../model/key.ts'
import type { StateEntry, Store } from '../state/store.ts'
import type { Mode, OpenTask, TurnOutcome } from './life.ts'
import { open } from './open.ts'
import type { Session, TaskFacts } from './session.ts'
import { followBehind } from './snapshot.ts'
import { settle, turn } from './turn.ts'

export interface StoreView {
  readonly store: string
  readonly entries: Iterable<StateEntry>
}

export class StreamTask implements OpenTask {
  readonly session: Session
  constructor(session: Session) {
    this.session = session
  }
  static async open(facts: TaskFacts): Promise<StreamTask> {
    return new StreamTask(await open(facts))
  }
  turn(mode: Mode): Promise<TurnOutcome> {
    return turn(this.session, mode)
  }
  nextDecision(): number {
    let next = Infinity
    for (const input of this.session.inputs) next = Math.min(next, input.time.nextDecision(input.caughtUp))
    for (const timers of this.session.pipeline.wallTimers) next = Math.min(next, timers.nextAt())
    for (const clock of this.session.pipeline.merged) next = Math.min(next, clock.nextDecision())
    for (const told of this.session.told) next = Math.min(next, told.nextAt())
    return next
  }
  async arrived(signal: AbortSignal): Promise<void> {
    await Promise.race(this.session.inputs.map(i => i.arrived(signal)))
  }
  behind(): Promise<void> {
    return followBehind(this.session)
  }
  settle(): Promise<void> {
    return settle(this.session)
  }
  get drained(): boolean {
    const { inputs, told, pipeline } = this.session
    const closed = [...inputs.map(i => i.clock), ...pipeline.merged].every(clock => !(clock.horizon() > clock.time))
    return closed && inputs.every(i => i.ended && i.time.idle) && told.every(t => !t.pending)
  }
  close(): Promise<void> {
    return this.session.close()
  }
  /** What it remembers and has not in memory, for people to look at. */
  evicted(key?: Key): readonly { readonly store: string; readonly entries: AsyncIterable<StateEntry> }[] {
    const { pipeline, residency } = this.session
    return pipeline.bounded.map(b => ({ store: b.store.name, entries: residency.shown(b, key) }))
  }
  /** What it has in memory, for people to look at. */
  stores(key?: Key): readonly StoreView[] {
    return this.session.pipeline.stores.map(s => ({ store: s.name, entries: s.entries(key) }))
  }
}

export type { StateEntry, Store }
