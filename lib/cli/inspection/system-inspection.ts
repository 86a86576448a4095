// The Inspection of a system in this process: running, or at rest.
import { SinkTask } from '../../engine/sink-task.ts'
import { StreamTask } from '../../engine/stream-task.ts'
import { MillraceError } from '../../model/errors.ts'
import { kindOf } from '../../model/plan.ts'
import type { Inspection, InputStatus, SystemStatus, TaskStatus, TaskWords } from '../../ports/inspection.ts'
import { planOfProcessor } from '../../stages/processor.ts'
import { processorOf, type RunningFacts, type SystemFacts } from './facts.ts'
import { contentOf } from './letter-content.ts'
import { lettersOf, rawLetter } from './letters.ts'
import { lagRows, topicRows } from './log-rows.ts'
import { ReplayQueue } from './replay.ts'
import { stateOf } from './state-rows.ts'
import { storedStages } from './stored-stages.ts'

export function systemInspection(facts: SystemFacts): Inspection {
  const replays = new ReplayQueue()
  return {
    status: () => statusOf(facts),
    plan: async (processor, as) => processorOf(facts.processors, processor).describe(as),
    stored: processor => storedStages(facts, processor),
    state: (processor, key, limit) => stateOf(facts, processor, key, limit),
    lag: () => lagRows(facts),
    topics: () => topicRows(facts),
    async query(sql) {
      if (facts.ports.tables === null)
        throw new MillraceError('OPTION_INVALID', 'no processor of this system loads tables: there is nothing to query')
      return facts.ports.tables.query(sql)
    },
    letters: filter => lettersOf(facts, filter),
    letter: async id => contentOf(await rawLetter(facts, id), facts.ports.registry),
    replay: order => replays.do(facts, order),
  }
}

async function statusOf({ running, ports, processors }: SystemFacts): Promise<SystemStatus> {
  if (running === null)
    throw new MillraceError('NOT_RUNNING', 'nothing runs on this data directory: `millrace start` or `millrace run` does')
  const ends = new Map<string, Promise<number>>()
  const endOf = (topic: string, partition: number): Promise<number> => {
    const id = `${topic}/${partition}`
    const end = ends.get(id) ?? ports.log.bounds(topic, partition).then(b => b.stable)
    ends.set(id, end)
    return end
  }
  const topics = new Set((await ports.log.topics()).map(t => t.name))
  const tasks: TaskStatus[] = []
  for (const words of running.words()) {
    const session = sessionOf(running, words)
    const inputs: InputStatus[] = []
    for (const [input, position] of Object.entries(session.positions)) {
      const lag = topics.has(input) ? Math.max(0, (await endOf(input, words.labels.partition)) - position) : null
      inputs.push({ input, position, lag, streamTime: session.streamTimes[input] ?? null })
    }
    const { state, perSecond, failure } = words
    const plan = planOfProcessor(processorOf(processors, words.labels.processor))
    const windows = plan.nodes.filter(n => n.spec.name !== undefined && n.spec.state?.['folds'] !== undefined).map(n => n.spec.name!)
    tasks.push({
      ...words.labels,
      state,
      kind: kindOf(plan),
      counts: session.counts,
      perSecond,
      inputs,
      open: windows.length === 0 ? null : windows.reduce((sum, w) => sum + (session.live[w] ?? 0), 0),
      live: session.live,
      failure,
    })
  }
  return { at: ports.clock.now(), startedAt: running.startedAt, tasks }
}

interface SessionFigures {
  readonly counts: TaskStatus['counts']
  readonly positions: Readonly<Record<string, number>>
  readonly streamTimes: Readonly<Record<string, number | null>>
  readonly live: Readonly<Record<string, number>>
}
const NO_COUNTS: TaskStatus['counts'] = { records: 0, late: 0, refused: 0, refusedResults: 0 }

/** Of the open task itself where there is one, because one that found nothing to do since it was opened has told nothing; else of its last words. */
function sessionOf({ worker }: RunningFacts, { labels, report }: TaskWords): SessionFigures {
  const told: SessionFigures = {
    counts: report?.counts ?? NO_COUNTS,
    positions: report?.positions ?? {},
    streamTimes: report?.streamTimes ?? {},
    live: report?.liveKeys ?? {},
  }
  const task = worker.lives(labels.processor).find(life => life.labels.partition === labels.partition)?.task
  if (task instanceof SinkTask) return { ...told, positions: task.positions }
  if (!(task instanceof StreamTask)) return told
  const { inputs, pipeline, counts } = task.session
  const finite = (n: number): number | null => (Number.isFinite(n) ? n : null)
  return {
    counts: { ...counts },
    positions: Object.fromEntries(inputs.map(i => [i.name, i.position])),
    streamTimes: Object.fromEntries(inputs.map(i => [i.name, finite(i.clock.time)])),
    live: Object.fromEntries(pipeline.stores.map(s => [s.name, s.size])),
  }
}
