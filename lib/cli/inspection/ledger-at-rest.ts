// What the tasks of a processor remember, read from their ledgers without opening a task: nothing is fenced, written or computed.
import { compile } from '../../engine/compile.ts'
import type { Pipeline } from '../../engine/pipeline.ts'
import { fittingsOf } from '../../engine/fitting.ts'
import { LedgerFold, readLedger } from '../../engine/fold.ts'
import { ledgerTopic, type Meta } from '../../engine/ledger.ts'
import { topicsOf } from '../../model/plan.ts'
import { MillraceError } from '../../model/errors.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import { planOfProcessor, type Processor } from '../../stages/processor.ts'
import type { Store } from '../../engine/stream-task.ts'

export interface TaskAtRest {
  readonly partition: number
  readonly stores: readonly Store[]
  /** The last committed epoch; null when there is none. */
  readonly meta: Meta | null
}

/** The tasks that ever ran; none when the processor never did. @throws STATE_INCOMPATIBLE, DATA_LOSS, LEDGER_CORRUPT and what the log throws */
export async function tasksAtRest(log: RecordLog, app: string, processor: Processor): Promise<readonly TaskAtRest[]> {
  const topic = ledgerTopic(app, processor.id)
  const settings = await log.topic(topic)
  const tasks: TaskAtRest[] = []
  for (let partition = 0; partition < (settings?.partitions ?? 0); partition++)
    tasks.push(await taskAtRest(log, topic, processor, partition))
  return tasks
}

async function taskAtRest(log: RecordLog, ledger: string, processor: Processor, partition: number): Promise<TaskAtRest> {
  const plan = planOfProcessor(processor)
  const pipeline = pipelineOf(processor, partition)
  const { stores } = pipeline
  const { start, stable } = await log.bounds(ledger, partition)
  const fold = new LedgerFold(`${ledger}/${partition}`, stores, start, fittingsOf(plan, processor.options.migrate))
  const reader = await log.reader(ledger, partition, start)
  try {
    await readLedger(reader, start, stable, fold)
  } finally {
    reader.close()
  }
  const { meta, fitting } = fold.result()
  if (fitting.kind === 'unfit')
    throw new MillraceError('STATE_INCOMPATIBLE', `the stored state of '${processor.id}' does not fit its code: ${fitting.why.join('; ')}`)
  if (meta !== null) {
    // Stream time says which windows are open.
    for (const [name, { clock }] of pipeline.inputs) clock.restore(meta.times[name] ?? -Infinity)
    for (const clock of pipeline.merged) clock.restore(meta.times[clock.name] ?? -Infinity)
  }
  return { partition, stores, meta }
}

/** A pipeline for the stores that the processor's stages open. Nothing is ever pushed into it. */
function pipelineOf(processor: Processor, partition: number): Pipeline {
  const unused = (): never => {
    throw new MillraceError('INTERNAL', `the pipeline of '${processor.id}' was opened to be looked at, and ran`)
  }
  const plan = planOfProcessor(processor)
  const topics = new Map(topicsOf(plan).map(({ topic }) => [topic.name, topic]))
  return compile(plan, {
    partition,
    rx: 'run',
    partitionsOf: () => 1,
    topic: name => ({ spec: topics.get(name)!, partitions: 1, writer: { write: unused } }),
    tables: null,
    late: unused,
    lateRecord: unused,
    refusedResult: unused,
  })
}
