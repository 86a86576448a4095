// Rows in aligned columns.
import { padEnd, padStart, widthOf } from './width.ts'

export interface TextColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Lines without trailing blanks: titles, a rule if wanted, rows. Cells hold no line breaks. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  rule: 'ruled' | 'plain' = 'plain',
  indent = '',
): readonly string[] {
  const widths = columns.map((c, i) => rows.reduce((w, row) => Math.max(w, widthOf(row[i]!)), widthOf(c.title)))
  const line = (cells: readonly string[]): string =>
    (
      indent + columns.map((c, i) => (c.align === 'right' ? padStart(cells[i]!, widths[i]!) : padEnd(cells[i]!, widths[i]!))).join('  ')
    ).trimEnd()
  const lines = [line(columns.map(c => c.title))]
  if (rule === 'ruled') lines.push(line(widths.map(w => '-'.repeat(w))))
  for (const row of rows) lines.push(line(row))
  return lines
}
