// Screens that keep what is written to them.
import type { Screen } from '#lib/cli/text/screen.ts'

export interface KeptScreen extends Screen {
  readonly written: { out: string; err: string }
}

export function plainScreen(): KeptScreen {
  const written = { out: '', err: '' }
  return {
    kind: 'plain',
    colours: 'off',
    size: () => ({ columns: 80, rows: 24 }),
    out: text => {
      written.out += text
    },
    err: text => {
      written.err += text
    },
    written,
  }
}

export const terminalScreen = (columns = 80, rows = 24): KeptScreen => ({
  ...plainScreen(),
  kind: 'terminal',
  colours: 'on',
  size: () => ({ columns, rows }),
})

/** What a terminal of that many rows shows after it was sent the text: enough of ANSI for what we send. */
export function shownBy(text: string): readonly string[] {
  const lines = ['']
  let row = 0
  let column = 0
  for (let i = 0; i < text.length; i++) {
    const sequence = /^\u001b\[(\d*)([A-Za-z])/.exec(text.slice(i))
    if (sequence !== null) {
      const [whole, n, command] = sequence as unknown as [string, string, string]
      if (command === 'A') row = Math.max(0, row - Number(n || 1))
      if (command === 'K') lines[row] = ''
      if (command === 'J') lines.splice(row + (column === 0 ? 0 : 1), Infinity, ...(column === 0 ? [''] : []))
      i += whole.length - 1
    } else if (text[i] === '\n') {
      row++
      column = 0
      lines[row] ??= ''
    } else if (text[i] === '\r') column = 0
    else {
      const line = lines[row]!
      lines[row] = line.slice(0, column) + text[i]! + line.slice(column + 1)
      column++
    }
  }
  return lines
}
