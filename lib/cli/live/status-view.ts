// The status of a running system, for a terminal (many lines, drawn again) and for everything else (one line now and then).
import type { SystemStatus } from '../../ports/inspection.ts'
import { count, rate, span, timeNear, timeOfDay } from '../text/figures.ts'
import { textTable } from '../text/text-table.ts'
import { harmless, padEnd, padStart, widthOf } from '../text/width.ts'
import { overview, type ProcessorOverview, totals } from './overview.ts'
import { EMPTY, type Line, line } from './region.ts'
import type { TablesPicture } from './tables-watch.ts'

export interface Notice {
  /** ms since epoch. */
  readonly at: number
  readonly tone: 'plain' | 'warning' | 'bad'
  readonly text: string
}

export interface Picture {
  readonly title: string
  readonly directory: string
  readonly now: number
  readonly startedAt: number
  /** What is being done: `opening the log`, `live`, `stopping`. Without a status it is all there is to say. */
  readonly phase: string
  readonly status: SystemStatus | null
  readonly tables: TablesPicture | null
  readonly latestTitle: string | null
  readonly notices: readonly Notice[]
  /** What one can do next. */
  readonly hints: readonly string[]
}

const NOTICES = 4

export function statusLines(picture: Picture, columns: number): readonly Line[] {
  const { title, directory, now, startedAt, phase, status, tables, notices, hints, latestTitle } = picture
  const up = `${phase}, up ${span(now - startedAt)}`
  const head = `millrace  ${title}  ${directory}`
  const lines: Line[] = [
    line(`${head}${' '.repeat(Math.max(2, Math.min(columns, 100) - 1 - widthOf(head) - widthOf(up)))}${up}`, 'strong'),
    EMPTY,
  ]
  const rows = status === null ? [] : overview(status)
  if (rows.length > 0) lines.push(...processorLines(rows, now), EMPTY)
  if (tables !== null) {
    lines.push(...tableLines(tables, Math.min(columns, 100)), EMPTY)
    if (tables.latest.length > 0 && latestTitle !== null)
      lines.push(line(latestTitle, 'quiet'), ...tables.latest.map(l => line(harmless(l))), EMPTY)
  }
  if (notices.length > 0) {
    lines.push(line('last events', 'quiet'))
    for (const n of notices.slice(-NOTICES)) lines.push(line(`${timeOfDay(n.at)}  ${harmless(n.text)}`, n.tone))
    lines.push(EMPTY)
  }
  for (const hint of hints) lines.push(line(hint, 'quiet'))
  return lines
}

/** One row a processor, and what is wrong with its tasks beneath. */
export function processorLines(rows: readonly ProcessorOverview[], now: number): readonly Line[] {
  const [title, ...texts] = textTable(
    [
      { title: 'processor', align: 'left' },
      { title: 'records', align: 'right' },
      { title: 'per s', align: 'right' },
      { title: 'lag', align: 'right' },
      { title: 'stream time', align: 'left' },
      { title: 'open windows', align: 'right' },
      { title: 'late', align: 'right' },
      { title: 'dead letters', align: 'right' },
    ],
    rows.map(r => [
      r.processor,
      count(r.records),
      rate(r.perSecond),
      r.lag === null ? '' : count(r.lag),
      r.streamTime === null ? '' : timeNear(r.streamTime, now),
      r.open === null ? '' : count(r.open),
      r.late === null ? '' : count(r.late),
      count(r.refused),
    ]),
  )
  const lines: Line[] = [line(title!, 'quiet')]
  rows.forEach((r, i) => {
    lines.push(line(texts[i]!, r.troubled.length > 0 ? 'warning' : 'plain'))
    for (const t of r.troubled.slice(0, 2))
      lines.push(
        line(`  partition ${t.partition} is ${t.state}: ${t.code}: ${harmless(t.message)}`, t.state === 'stopped' ? 'bad' : 'warning'),
      )
    if (r.troubled.length > 2) lines.push(line(`  and ${r.troubled.length - 2} more partitions`, 'warning'))
  })
  return lines
}

/** `in trouble: etl-processor (DISK_FULL)`, or nothing. */
export function troubleWords(rows: readonly ProcessorOverview[]): readonly string[] {
  const troubled = rows.filter(r => r.troubled.length > 0)
  const named = troubled.map(r => `${r.processor} (${[...new Set(r.troubled.map(t => t.code))].join(', ')})`)
  return named.length === 0 ? [] : [`in trouble: ${named.join(', ')}`]
}

/** Tables and their rows, as many side by side as fit. */
function tableLines({ rows }: TablesPicture, columns: number): readonly Line[] {
  const names = Math.max(...rows.map(r => widthOf(r.table)))
  const numbers = Math.max(...rows.map(r => count(r.rows).length), 4)
  const cells = rows.map(r => `${padEnd(r.table, names)}  ${padStart(count(r.rows), numbers)}`)
  const perLine = Math.max(1, Math.min(3, Math.floor((columns + 3) / (names + numbers + 2 + 4))))
  const lines = [line('rows in tables', 'quiet')]
  for (let i = 0; i < cells.length; i += perLine) lines.push(line(cells.slice(i, i + perLine).join('    ')))
  return lines
}

/** The same on one line, for a pipe or a file. */
export function statusLine({ now, phase, status, tables }: Picture): string {
  const parts = [timeOfDay(now), phase]
  if (status !== null && status.tasks.length > 0) {
    const rows = overview(status)
    const t = totals(rows)
    parts.push(`${rate(t.perSecond)}/s`, `lag ${count(t.lag)}`)
    if (t.streamTime !== null) parts.push(`stream time ${timeNear(t.streamTime, now)}`)
    parts.push(`open windows ${count(t.open)}`, `late ${count(t.late)}`, `dead letters ${count(t.refused)}`)
    parts.push(...troubleWords(rows))
  }
  if (tables !== null) parts.push(`rows in tables ${count(tables.rows.reduce((n, t) => n + t.rows, 0))}`)
  return parts.join('  ')
}
