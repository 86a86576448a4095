// The TypeScript examples of the documents. Every block says in its info string what it is:
//   ```ts run name=x            is type-checked and run, and must end well; a sentence "It prints …" behind it holds lines of its output in `…`
//   ```ts check name=x          is type-checked
//   ```ts fragment reason="…"   stands for itself; the reason is printed with the tests
// A block of any other language with `file=x` is a file that lies beside the examples when they run.
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
  /** Lines that the text behind it says it prints. */
  readonly prints: readonly string[]
}

export const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'lib/README.md', ...filesBelow('docs').filter(path => path.endsWith('.md'))]

export interface ExampleFile {
  readonly name: string
  readonly content: string
}

interface Block {
  readonly line: number
  readonly language: string
  /** What follows the language. */
  readonly info: string
  readonly content: string
  /** The first line of text behind it. */
  readonly next: string
}

function blocksIn(text: string): readonly Block[] {
  const found: Block[] = []
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const fence = /^\s*(`{3,})\s*(\S*)(.*)$/.exec(lines[i]!)
    if (fence === null) continue
    const [, ticks, language, info] = fence as unknown as [string, string, string, string]
    const end = lines.findIndex((line, j) => j > i && line.trim() === ticks)
    const next = end === -1 ? '' : (lines.slice(end + 1).find(line => line.trim() !== '') ?? '')
    found.push({ line: i + 1, language, info, content: lines.slice(i + 1, end === -1 ? undefined : end).join('\n'), next })
    i = end === -1 ? lines.length : end
  }
  return found
}

export const examplesIn = (document: string, text: string): readonly Example[] =>
  blocksIn(text)
    .filter(({ language }) => /^(ts|typescript|js|javascript|mjs|tsx)$/.test(language))
    .map(({ line, info, content, next }) => ({
      document,
      line,
      kind: /^\s+(\S+)/.exec(info)?.[1],
      name: /\bname=(\S+)/.exec(info)?.[1],
      reason: /\breason="([^"]+)"/.exec(info)?.[1],
      code: content,
      prints: next.startsWith('It prints') ? [...next.matchAll(/`([^`]+)`/g)].map(([, text]) => text!) : [],
    }))

export const filesIn = (text: string): readonly ExampleFile[] =>
  blocksIn(text).flatMap(({ info, content }) => {
    const name = /\bfile=(\S+)/.exec(info)?.[1]
    return name === undefined ? [] : [{ name, content: `${content}\n` }]
  })

const textOf = (document: string): string => readFileSync(join(ROOT, document), 'utf8')
export const examples = (): readonly Example[] => DOCUMENTS.flatMap(path => examplesIn(path, textOf(path)))
export const exampleFiles = (): readonly ExampleFile[] => DOCUMENTS.flatMap(path => filesIn(textOf(path)))
