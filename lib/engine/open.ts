// OPEN: O1 … O6 of exactly-once.md §2, in order. Nothing about position or state is read before the fence and the barrier (I5).
import { isRetriable, MillraceError } from '../model/errors.ts'
import { sourcesOf } from '../model/plan.ts'
import type { TransactionalProducer } from '../ports/record-log.ts'
import { Behind } from './behind.ts'
import { type Caution, cautionOf } from './caution.ts'
import { catchUp, taskName } from './catch-up.ts'
import { compile } from './compile.ts'
import type { Folded } from './fold.ts'
import type { TaskInput } from './input.ts'
import { type Barrier, barrierWrite, NO_COUNTS } from './ledger.ts'
import { openInput } from './open-input.ts'
import type { Pipeline } from './pipeline.ts'
import { DeadLetters, stop, verdictOf } from './refusal.ts'
import { Residency } from './residency.ts'
import { Session, type TaskFacts } from './session.ts'
import { failureOf } from './stage-failure.ts'
import { Told } from './tell.ts'

/** Opens a task. @throws what `isRetriable` says may be tried again, or what stops the task */
export async function open(facts: TaskFacts): Promise<Session> {
  const { ports, ledger, partition, deployment, past } = facts
  const own: Barrier = { why: past.opened === 'never' ? 'start' : 'again' }
  const producer = ports.log.producer(`${deployment.app}.${deployment.plan.processor}.${partition}`)
  try {
    await producer.fence() // O1
    const { baseOffsets } = await producer.commit({ writes: [barrierWrite(ledger, partition, ports.clock.now(), own)] }) // O2
    past.opened = 'before'
    return await caughtUp(facts, producer, baseOffsets[0]!, own)
  } catch (error) {
    const verdict = await confirmed(facts, producer, error)
    await producer.close()
    throw verdict
  }
}

/**
 * A verdict that stops a task counts only while its fence holds: an owner that was overtaken sees the next one's commits and truncations, which look like losses.
 * @returns the error, or the one that says that there is another owner
 */
async function confirmed(facts: TaskFacts, producer: TransactionalProducer, error: unknown): Promise<unknown> {
  if (isRetriable(error)) return error
  try {
    await producer.commit({
      writes: [
        barrierWrite(facts.ledger, facts.partition, facts.ports.clock.now(), { why: facts.past.opened === 'never' ? 'start' : 'again' }),
      ],
    })
    return error
  } catch (other) {
    return other
  }
}

async function caughtUp(facts: TaskFacts, producer: TransactionalProducer, barrier: number, own: Barrier): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    const holder: { session: Session | null } = { session: null }
    const pipeline = openPipeline(facts, holder)
    try {
      const { folded, stamp, ledgerId } = await catchUp(facts, pipeline, barrier) // O3, O4
      return await readySession(facts, producer, pipeline, folded, stamp, ledgerId, cautionOf([...folded.trail, own]), holder) // O5, O6
    } catch (error) {
      const again = error instanceof MillraceError && (error.code === 'CACHE_MISMATCH' || error.code === 'OFFSET_OUT_OF_RANGE')
      if (!again || attempt === ATTEMPTS) throw error
    }
  }
}
/** O3 begins again without a new fence after a mismatch or a truncation under way; a cache that never stops changing is another owner's. */
const ATTEMPTS = 5

function openPipeline(facts: TaskFacts, holder: { session: Session | null }): Pipeline {
  const { deployment, ports, labels } = facts
  return compile(deployment.plan, {
    partition: facts.partition,
    rx: facts.tuning.rx,
    partitionsOf: input => deployment.inputs.get(input)!,
    topic: name => deployment.topic(name),
    tables: null,
    late: event => ports.observer.late(labels, event),
    lateRecord: () => holder.session!.counts.late++,
    refusedResult: (value, key, at, error, stage) => {
      const session = holder.session!
      const refused = failureOf(error)
      const { cursor } = session.pipeline
      const where = { ...labels, topic: cursor.topic, offset: cursor.offset, stage }
      if (verdictOf(deployment.options, 'produce') === 'stop') stop(error, where)
      session.counts.refusedResults++
      ports.observer.refused(labels, { code: refused.code, message: refused.message, where })
      session.deadLetters.ofResult(refused, value, key, at)
    },
  })
}

/** O5: the last meta is the truth. O6: every input is sought there. */
async function readySession(
  facts: TaskFacts,
  producer: TransactionalProducer,
  pipeline: Pipeline,
  folded: Folded,
  stamp: string | null,
  ledgerId: string,
  caution: Caution,
  holder: { session: Session | null },
): Promise<Session> {
  const { ports, deployment, partition, tuning } = facts
  const { meta } = folded
  const inputs: TaskInput[] = []
  for (const [name, partitions] of deployment.inputs) {
    if (partition < partitions) inputs.push(await openInput(facts, pipeline, name, meta))
    else pipeline.inputs.get(name)!.clock.source = 'idle' // no record of it ever comes here
  }
  if (meta !== null) for (const clock of pipeline.merged) clock.restore(meta.times[clock.name] ?? -Infinity)
  const told = pipeline.repartitions.flatMap(place => {
    const sources = inputs.filter(i => place.inputs.includes(i.name))
    return sources.length === 0 ? [] : [new Told(place, sources, partition, tuning.markEveryMs)]
  })
  const { cache, random } = ports
  const task = taskName(facts)
  const behind = new Behind({
    cache,
    task,
    ledgerId,
    nonce: random.uuid(),
    at: folded.at,
    stamp,
    callEntries: tuning.applyEntries,
    applied: epoch => {
      for (const { store } of pipeline.bounded) store.applied(epoch)
    },
  })
  if (folded.fitting.kind === 'migrates') for (const { store } of pipeline.bounded) store.applied(-1) // the cache holds older forms of everything
  const session = new Session(facts, {
    producer,
    pipeline,
    inputs,
    told,
    deadLetters: new DeadLetters(deployment, facts.labels, pipeline.outbox, pipeline.cursor),
    behind,
    residency: new Residency(pipeline.bounded, { cache, task, behind, most: tuning.residentEntries, callKeys: tuning.applyEntries }),
    ledgerId,
    epoch: meta?.epoch ?? 0,
    counts: meta?.counts ?? NO_COUNTS,
    snapshotAt: folded.snapshotAt,
    snapshotBytes: folded.snapshotBytes,
    deltaBytes: folded.deltaBytes,
    caution,
    form: folded.fitting.kind === 'migrates' ? 'migrated' : 'as stored',
  })
  pipeline.cursor.ordinal = session.counts.records // windows may close before the first record comes
  if (meta === null) rememberBeginnings(session)
  holder.session = session
  return session
}

/** Where the log ended when a processor began is a fact of that moment: the first epoch holds it, also one without records, so that no later start begins elsewhere. */
function rememberBeginnings({ facts, committedPositions }: Session): void {
  for (const { spec } of sourcesOf(facts.deployment.plan))
    if (spec.source!.start !== 'earliest') committedPositions.delete(spec.source!.of.from)
}
