// `millrace lag` and `millrace topics`.
import type { Inspection, TopicRow } from '../../ports/inspection.ts'
import { count, span } from '../text/figures.ts'
import { painter, type Screen } from '../text/screen.ts'
import { type TextColumn, textTable } from '../text/text-table.ts'

export type LogFormat = 'table' | 'json'

/** How far each processor is behind the end of what it reads. */
export async function lag(inspection: Inspection, format: LogFormat, screen: Screen): Promise<void> {
  const rows = await inspection.lag()
  if (format === 'json') return screen.out(`${JSON.stringify(rows, null, 2)}\n`)
  if (rows.length === 0) return screen.out('no processor has committed a position yet\n')
  print(
    [left('processor'), left('topic'), right('partition'), right('position'), right('end'), right('lag')],
    rows.map(r => [r.processor, r.topic, String(r.partition), count(r.position), count(r.end), count(r.lag)]),
    screen,
  )
}

/** Every topic of the log and what it is for. */
export async function topics(inspection: Inspection, format: LogFormat, screen: Screen): Promise<void> {
  const rows = await inspection.topics()
  if (format === 'json') return screen.out(`${JSON.stringify(rows, null, 2)}\n`)
  if (rows.length === 0) return screen.out('there are no topics yet\n')
  print(
    [left('topic'), right('partitions'), right('offsets'), left('kept'), left('purpose')],
    rows.map(r => [r.topic, String(r.partitions), count(r.records), kept(r.retention), r.purpose]),
    screen,
  )
}

const kept = (retention: TopicRow['retention']): string =>
  retention === 'forever' ? 'for ever' : retention === 'compact' ? 'newest of a key' : span(retention)

const left = (title: string): TextColumn => ({ title, align: 'left' })
const right = (title: string): TextColumn => ({ title, align: 'right' })

function print(columns: readonly TextColumn[], rows: readonly (readonly string[])[], screen: Screen): void {
  const [title, ...lines] = textTable(columns, rows)
  screen.out(`${[painter(screen.colours)('quiet', title!), ...lines].join('\n')}\n`)
}
