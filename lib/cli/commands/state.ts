import type { Inspection, StateAnswer, StateRow } from '../../ports/inspection.ts'
import { count, counted, dayAndTime } from '../text/figures.ts'
import { painter, type Screen } from '../text/screen.ts'
import { textTable } from '../text/text-table.ts'
import { valueText } from '../text/value-text.ts'
import { fitted, harmless } from '../text/width.ts'

export interface StateOrder {
  readonly processor: string
  readonly key: string | null
  readonly limit: number
  readonly format: 'table' | 'json'
}

/** `millrace state <processor>`: open windows and other state, by partition. @throws OPTION_INVALID */
export async function state(inspection: Inspection, { processor, key, limit, format }: StateOrder, screen: Screen): Promise<void> {
  const answer = await inspection.state(processor, key, limit)
  if (format === 'json') screen.out(`${JSON.stringify({ processor, ...answer }, null, 2)}\n`)
  else screen.out(stateText(answer, processor, key, screen))
}

export function stateText({ rows, total }: StateAnswer, processor: string, key: string | null, screen: Screen): string {
  const of = key === null ? '' : ` of key '${harmless(key)}'`
  if (total === 0) return `${processor} remembers nothing${of === '' ? '' : of} now: no window is open and no state is kept\n`
  const paint = painter(screen.colours)
  const widest = screen.kind === 'terminal' ? screen.size().columns : Infinity
  const lines = textTable(
    [
      { title: 'partition', align: 'right' },
      { title: 'state', align: 'left' },
      { title: 'window', align: 'left' },
      { title: 'key', align: 'left' },
      { title: 'value', align: 'left' },
    ],
    rows.map(r => [String(r.partition), harmless(r.store), windowText(r), harmless(String(r.key)), valueText(r.value)]),
  ).map(line => (widest === Infinity ? line : fitted(line, widest)))
  const note =
    rows.length < total
      ? `${count(rows.length)} of ${counted(total, 'entry', 'entries')}${of}; --limit shows more, --key one key`
      : `${counted(total, 'entry', 'entries')}${of}`
  return `${[paint('quiet', lines[0]!), ...lines.slice(1), paint('quiet', `(${note})`)].join('\n')}\n`
}

/** `2010-12-01 08:25:00 to 08:30:00` */
function windowText({ window }: StateRow): string {
  if (window === null) return ''
  const [start, end] = [dayAndTime(window.start), dayAndTime(window.end)]
  return `${start} to ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`
}
