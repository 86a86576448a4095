// An input of a loader: read from where the database stands.
import { MillraceError } from '../model/errors.ts'
import { inputOf, sourcesOf } from '../model/plan.ts'
import type { Tables } from '../ports/tables.ts'
import type { Pipeline } from './pipeline.ts'
import { TaskInput } from './input.ts'
import { InputTime } from './input-time.ts'
import { checkPosition, firstPosition } from './position.ts'
import { fieldsReadByAny } from './projection.ts'
import type { TaskFacts } from './session.ts'

/** @throws PLAN_INVALID for a feed, DATA_LOSS, and what the ports throw */
export async function openSinkInput(facts: TaskFacts, tables: Tables, pipeline: Pipeline, name: string): Promise<TaskInput> {
  const { ports, deployment, partition } = facts
  const nodes = sourcesOf(deployment.plan).filter(n => n.spec.source!.of.from === name)
  const spec = inputOf(nodes[0]!)
  if (spec.kind === 'feed')
    throw new MillraceError(
      'PLAN_INVALID',
      `'${deployment.plan.processor}' loads a feed into tables: let a processor write it to a topic first`,
    )
  const first = await firstPosition(ports.log, { topic: name, partition }, nodes[0]!.spec.source!.start)
  const position = await tables.position(deployment.plan.processor, name, partition, first)
  await checkPosition(ports.log, ports.clock, { topic: name, partition, position, whose: `sink '${deployment.plan.processor}'` })
  const input = pipeline.inputs.get(name)!
  const { clock } = input
  return new TaskInput({
    spec,
    partition,
    pipeline: input,
    time: new InputTime({ clock, marks: null, idleAfterMs: 'never', now: ports.clock.now() }),
    reader: await ports.log.reader(name, partition, position),
    registry: ports.registry,
    fields: fieldsReadByAny(deployment.plan, nodes),
    position,
  })
}
