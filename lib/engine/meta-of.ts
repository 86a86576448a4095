// What the ledger is told of a task at the end of an epoch: how far it is in every input, in time, and what its stages were.
import { fingerprintOf, stateLines } from '../model/plan.ts'
import type { Meta } from './ledger.ts'
import type { Session } from './session.ts'

/** Numbers the next epoch. */
export async function metaOf(session: Session, kind: Meta['kind']): Promise<Meta> {
  const { facts, pipeline, inputs } = session
  const { plan } = facts.deployment
  const byInput = <V>(of: (i: (typeof inputs)[number]) => V): Record<string, V> => Object.fromEntries(inputs.map(i => [i.name, of(i)]))
  const feeds: Record<string, string> = {}
  for (const i of inputs) if (i.spec.kind === 'feed') feeds[i.name] = await facts.ports.feeds.get(i.name)!.mark()
  return {
    epoch: ++session.epoch,
    ledgerId: session.ledgerId,
    kind,
    positions: byInput(i => i.position),
    times: Object.fromEntries(
      [...inputs, ...pipeline.merged.map(clock => ({ name: clock.name, clock }))].map(({ name, clock }) => [
        name,
        Number.isFinite(clock.time) ? clock.time : null,
      ]),
    ),
    marks: Object.fromEntries(inputs.filter(i => i.time.marks !== null).map(i => [i.name, i.time.marks!.stored()])),
    feeds,
    liveKeys: Object.fromEntries(pipeline.stores.map(s => [s.name, s.size])),
    fingerprint: fingerprintOf(plan),
    stages: stateLines(plan),
    snapshotAt: session.snapshotAt,
    counts: { ...session.counts },
    ts: facts.ports.clock.now(),
  }
}
