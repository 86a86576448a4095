// O5 and O6 for one input: where it stands by the last meta, and reading on from there.
import { MillraceError } from '../model/errors.ts'
import type { FeedSpec } from '../model/feed.ts'
import { inputOf, rootsOf, sourcesOf } from '../model/plan.ts'
import { TaskInput } from './input.ts'
import { InputTime } from './input-time.ts'
import type { Meta } from './ledger.ts'
import type { Pipeline } from './pipeline.ts'
import { checkPosition, firstPosition } from './position.ts'
import { fieldsReadByAny } from './projection.ts'
import type { TaskFacts } from './session.ts'
import { Marks } from './watermark.ts'

/** @throws DATA_LOSS, OPTION_INVALID for a feed that nothing is bound to, and what the ports throw */
export async function openInput(facts: TaskFacts, pipeline: Pipeline, name: string, meta: Meta | null): Promise<TaskInput> {
  const { ports, deployment, partition } = facts
  const { plan, options } = deployment
  const sources = sourcesOf(plan).filter(n => n.spec.source!.of.from === name)
  const source = sources[0]!.spec.source!
  const spec = inputOf(sources[0]!)
  const input = pipeline.inputs.get(name)!
  const { clock } = input
  const upstream = source.upstream
  const marks = upstream === undefined ? null : new Marks(Math.max(...rootsOf(upstream).map(root => deployment.inputs.get(root)!)))
  if (meta !== null) {
    marks?.restore(meta.marks[name] ?? [])
    clock.restore(meta.times[name] ?? -Infinity) // also without a time yet: windows may be open and must wake the clock
  }
  const position = spec.kind === 'feed' ? (meta?.positions[name] ?? 0) : await startPosition(facts, name, source.start, meta)
  const reader = spec.kind === 'feed' ? await openFeed(facts, spec, position, meta) : await ports.log.reader(name, partition, position)
  const idleAfterMs = source.idleMs ?? options.idleAfter ?? 30_000
  return new TaskInput({
    spec,
    partition,
    pipeline: input,
    time: new InputTime({ clock, marks, idleAfterMs, now: ports.clock.now() }),
    reader,
    registry: ports.registry,
    fields: fieldsReadByAny(plan, sources),
    position,
  })
}

function openFeed(facts: TaskFacts, spec: FeedSpec, position: number, meta: Meta | null) {
  const feed = facts.ports.feeds.get(spec.name)
  if (feed === undefined)
    throw new MillraceError(
      'OPTION_INVALID',
      `feed '${spec.name}' of '${facts.deployment.plan.processor}' is not bound: give it files or a generator`,
    )
  return feed.open(position, meta?.feeds[spec.name] ?? null)
}

/** O5 without or with a meta; a position that the log no longer holds is a loss, never a jump. */
async function startPosition(
  facts: TaskFacts,
  topic: string,
  start: 'earliest' | 'latest' | { readonly at: Date },
  meta: Meta | null,
): Promise<number> {
  const { log, clock } = facts.ports
  const { partition, deployment } = facts
  let position = meta?.positions[topic]
  if (position === undefined) {
    const group = `${deployment.app}.${deployment.plan.processor}`
    const committed = await log.committed(group, topic, partition)
    if (meta === null && committed !== null && /^[0-9a-f-]{36}:\d+$/.test(committed.metadata)) {
      throw new MillraceError(
        'DATA_LOSS',
        `group '${group}' has an offset for ${topic}/${partition} made by ledger ${committed.metadata.split(':')[0]}, but ${facts.ledger}/${partition} is empty: the ledger was lost`,
      )
    }
    position = committed?.next ?? (await firstPosition(log, { topic, partition }, start))
  }
  await checkPosition(log, clock, { topic, partition, position, whose: `'${deployment.plan.processor}'` })
  return position
}
