// What a run has made, in aligned lines.
import { padEnd, padStart, widthOf } from '../text/width.ts'

export interface SummaryRow {
  readonly what: string
  /** As shown: with separators. */
  readonly value: string
  readonly note: string
}

export function summaryText(title: string, rows: readonly SummaryRow[]): string {
  const names = Math.max(...rows.map(r => widthOf(r.what)))
  const values = Math.max(...rows.map(r => widthOf(r.value)))
  const lines = rows.map(r => `  ${padEnd(r.what, names)}  ${padStart(r.value, values)}  ${r.note}`.trimEnd())
  return `${title}\n\n${lines.join('\n')}\n`
}
