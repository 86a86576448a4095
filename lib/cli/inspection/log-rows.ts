// Lag and topics, as the log itself has them: committed positions, not what a process believes.
import { ledgerTopic } from '../../engine/ledger.ts'
import { isMillraceError } from '../../model/errors.ts'
import { kindOf, topicsOf } from '../../model/plan.ts'
import type { LagRow, TopicRow } from '../../ports/inspection.ts'
import { planOfProcessor } from '../../stages/processor.ts'
import type { SystemFacts } from './facts.ts'
import { replayedTopic } from './replayed.ts'

/** Of every processor that has committed a position, in the processors' order. */
export async function lagRows({ app, ports, processors }: SystemFacts): Promise<readonly LagRow[]> {
  const groups = await ports.log.groups()
  const rows: LagRow[] = []
  const add = async (processor: string, topic: string, partition: number, position: number): Promise<void> => {
    const { end } = await ports.log.bounds(topic, partition)
    rows.push({ processor, topic, partition, position, end, lag: end - position })
  }
  for (const { id } of processors) {
    for (const { group, topic, partition, next } of groups) if (group === `${app}.${id}`) await add(id, topic, partition, next)
  }
  const sinks = processors.filter(p => kindOf(planOfProcessor(p)) === 'sink').map(p => p.id)
  if (ports.tables !== null && sinks.length > 0) {
    const { rows: stored } = await ports.tables.query(
      'SELECT sink, topic, part, next_offset FROM millrace_sink_offset ORDER BY sink, topic, part',
    )
    for (const [sink, topic, part, next] of stored) {
      if (!sinks.includes(sink!)) continue
      await add(sink!, topic!, Number(part), Number(next)).catch(ignoringUnknownTopics)
    }
  }
  const order = (p: string): number => processors.findIndex(({ id }) => id === p)
  return rows.sort(
    (a, b) => order(a.processor) - order(b.processor) || (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition),
  )
}

/** A table may remember a topic that this log never had: a sink says so when it opens (DATA_LOSS), a display need not. */
function ignoringUnknownTopics(error: unknown): void {
  if (!isMillraceError(error) || error.code !== 'TOPIC_UNKNOWN') throw error
}

/** Topics of data first, each kind by name. */
export async function topicRows({ app, ports, processors }: SystemFacts): Promise<readonly TopicRow[]> {
  const ledgers = new Set(processors.map(p => ledgerTopic(app, p.id)))
  const letters = new Set(processors.map(p => letterTopic(app, p)))
  const repartitions = new Set(
    processors.flatMap(p =>
      topicsOf(planOfProcessor(p))
        .filter(t => t.use === 'repartition')
        .map(t => t.topic.name),
    ),
  )
  const purposeOf = (topic: string): TopicRow['purpose'] => {
    if (ledgers.has(topic)) return 'ledger'
    if (letters.has(topic)) return 'dead letters'
    if (topic === replayedTopic(app)) return 'internal'
    return repartitions.has(topic) ? 'repartition' : 'data'
  }
  const rows: TopicRow[] = []
  for (const { name, partitions, retention } of await ports.log.topics()) {
    let records = 0
    for (let p = 0; p < partitions; p++) {
      const { start, stable } = await ports.log.bounds(name, p)
      records += stable - start
    }
    rows.push({ topic: name, partitions, retention, records, purpose: purposeOf(name) })
  }
  const order: readonly TopicRow['purpose'][] = ['data', 'repartition', 'dead letters', 'ledger', 'internal']
  return rows.sort((a, b) => order.indexOf(a.purpose) - order.indexOf(b.purpose) || (a.topic < b.topic ? -1 : 1))
}

export const letterTopic = (
  app: string,
  { id, options }: { readonly id: string; readonly options: { readonly deadLetters?: { readonly to: string } } },
): string => options.deadLetters?.to ?? `${app}.${id}.dlq`
