// The TypeScript examples of the documents. Every block says in its info string what it is:
//   ```ts run name=x            is type-checked and run, and must end well
//   ```ts check name=x          is type-checked
//   ```ts fragment reason="…"   stands for itself; the reason is printed with the tests
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow, ROOT } from '../arch/house-files.ts'

export interface Example {
  readonly document: string
  /** Of the fence. */
  readonly line: number
  readonly kind: string | undefined
  readonly name: string | undefined
  readonly reason: string | undefined
  readonly code: string
}

export const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'lib/README.md', ...filesBelow('docs').filter(path => path.endsWith('.md'))]

export function examplesIn(document: string, text: string): readonly Example[] {
  const found: Example[] = []
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const fence = /^\s*(`{3,})(.*)$/.exec(lines[i]!)
    if (fence === null) continue
    const [, ticks, info] = fence as unknown as [string, string, string]
    const end = lines.findIndex((line, j) => j > i && line.trim() === ticks)
    const language = /^\s*(\S*)/.exec(info)![1]!
    if (/^(ts|typescript|js|javascript|mjs|tsx)$/.test(language)) {
      found.push({
        document,
        line: i + 1,
        kind: /^\s*\S+\s+(\S+)/.exec(info)?.[1],
        name: /\bname=(\S+)/.exec(info)?.[1],
        reason: /\breason="([^"]+)"/.exec(info)?.[1],
        code: lines.slice(i + 1, end === -1 ? undefined : end).join('\n'),
      })
    }
    i = end === -1 ? lines.length : end
  }
  return found
}

export const examples = (): readonly Example[] => DOCUMENTS.flatMap(path => examplesIn(path, readFileSync(join(ROOT, path), 'utf8')))
