// Makes what a processor needs: its topics exist, its schemas are registered, its tasks are counted. Nothing here is undone by a crash in the middle.
import { openWriter } from '../codec/topic-codec.ts'
import { codecSpecOf } from '../model/codec.ts'
import { MillraceError } from '../model/errors.ts'
import { inputOf, kindOf, type Plan, sourcesOf, topicsOf } from '../model/plan.ts'
import type { TopicSpec } from '../model/topic.ts'
import { planOfProcessor, type Processor } from '../stages/processor.ts'
import { checkCoPartitioned } from './co-partitioning.ts'
import type { Deployment, Ports, Tuning } from './environment.ts'
import { ledgerTopic } from './ledger.ts'
import type { TargetTopic } from './outbox.ts'

export interface DeploySettings {
  readonly app: string
  /** Partition count of topics that do not say their own and do not exist yet. */
  readonly partitions: number
  readonly tuning: Tuning
}

/** @throws NOT_CO_PARTITIONED (nothing was made), TOPIC_DIFFERS, SCHEMA_INCOMPATIBLE, and what the ports throw */
export async function deploy(processor: Processor, ports: Ports, settings: DeploySettings): Promise<Deployment> {
  const plan = planOfProcessor(processor)
  const { app } = settings
  const counts = await partitionCounts(plan, ports, settings.partitions)
  const inputs = new Map<string, number>()
  for (const source of sourcesOf(plan)) {
    const spec = inputOf(source)
    inputs.set(spec.name, spec.kind === 'feed' ? 1 : counts.get(spec.name)!)
  }
  checkCoPartitioned(plan, input => inputs.get(input)!)
  for (const { topic } of topicsOf(plan)) await ensured(ports, topic, counts.get(topic.name)!)
  const tasks = Math.max(...inputs.values())
  if (kindOf(plan) === 'stream') await fixed(ports, ledgerTopic(app, plan.processor), tasks, settings.tuning.ledgerRetention)
  const deadLetterTopic = { name: processor.options.deadLetters?.to ?? `${app}.${plan.processor}.dlq`, partitions: 1 }
  deadLetterTopic.partitions = await existingOr(ports, deadLetterTopic.name, 1)
  const targets = new Map<string, TargetTopic>()
  for (const { topic } of topicsOf(plan)) {
    const codec = codecSpecOf(topic.value)
    const id = codec.codec === 'avro' ? await ports.registry.register(`${topic.name}-value`, codec.schema) : null
    targets.set(topic.name, { spec: topic, partitions: counts.get(topic.name)!, writer: openWriter(topic.value, id) })
  }
  return {
    app,
    plan,
    options: processor.options,
    tasks,
    inputs,
    deadLetterTopic,
    topic: name => {
      const target = targets.get(name)
      if (target === undefined)
        throw new MillraceError('INTERNAL', `'${plan.processor}' writes topic '${name}', which its plan does not list`)
      return target
    },
  }
}

/** Partitions of every topic of a plan: what it says, else what there is, else the default; a repartition topic has as many as the topics that are read. Makes nothing. */
async function partitionCounts(plan: Plan, ports: Ports, byDefault: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const count = async (topic: TopicSpec, otherwise: number): Promise<void> => {
    counts.set(topic.name, topic.partitions ?? (await ports.log.topic(topic.name))?.partitions ?? otherwise)
  }
  const topics = topicsOf(plan)
  for (const { topic, use } of topics) if (use !== 'repartition') await count(topic, byDefault)
  const read = topics.filter(t => t.use === 'reads').map(t => counts.get(t.topic.name)!)
  for (const { topic, use } of topics) if (use === 'repartition') await count(topic, read.length === 0 ? byDefault : Math.max(...read))
  return counts
}

/** @throws TOPIC_DIFFERS when it is there with another count */
async function ensured(ports: Ports, { name, retention }: TopicSpec, partitions: number): Promise<void> {
  const existing = await ports.log.topic(name)
  if (existing === null || existing.partitions !== partitions) await ports.log.createTopic({ name, partitions, retention })
}

/** A topic of ours whose partition count follows from others and cannot change under state. */
async function fixed(ports: Ports, name: string, partitions: number, retention: TopicSpec['retention']): Promise<void> {
  const existing = await ports.log.topic(name)
  if (existing !== null && existing.partitions !== partitions) {
    throw new MillraceError(
      'TOPIC_DIFFERS',
      `${name} has ${existing.partitions} partitions, but the inputs now make ${partitions} tasks: the partitions of an input were changed under its state`,
    )
  }
  if (existing === null) await ports.log.createTopic({ name, partitions, retention })
}

async function existingOr(ports: Ports, name: string, partitions: number): Promise<number> {
  const existing = await ports.log.topic(name)
  if (existing !== null) return existing.partitions
  await ports.log.createTopic({ name, partitions, retention: 'forever' })
  return partitions
}
