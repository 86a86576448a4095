// docs/errors.md: the table of lib/model/errors.ts in its sections, with the advice that is written there by hand.
// `npm run docs:errors` brings the file up to date and keeps the advice; a code without advice fails the tests.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ERRORS, type ErrorCode } from '../lib/model/errors.ts'

const DOCUMENT = new URL('../docs/errors.md', import.meta.url)
const SOURCE = new URL('../lib/model/errors.ts', import.meta.url)

/** A row is `| code | blame | retry | means | what to do |`. */
const ROW = /^\| `(?<code>[A-Z_0-9]+)` \|(?:[^|]*\|){3} (?<advice>.*?) ?\|$/

export interface Row {
  readonly code: string
  readonly advice: string
}

/** The rows that a document holds, in order. */
export const rowsIn = (document: string): readonly Row[] =>
  document
    .split('\n')
    .map(line => ROW.exec(line)?.groups)
    .filter(groups => groups !== undefined)
    .map(groups => ({ code: groups['code']!, advice: groups['advice']! }))

/** Codes by the `// ---- section` comments that they stand under in errors.ts. */
export function sectionsOf(source: string): ReadonlyMap<string, readonly ErrorCode[]> {
  const sections = new Map<string, ErrorCode[]>()
  let codes: ErrorCode[] | undefined
  for (const line of source.split('\n')) {
    const section = /^ {2}\/\/ ---- (.+)$/.exec(line)?.[1]
    if (section !== undefined) sections.set(section, (codes = []))
    const code = /^ {2}([A-Z_0-9]+): entry\($|^ {2}([A-Z_0-9]+): entry\(/.exec(line)
    if (code !== null) codes?.push((code[1] ?? code[2]) as ErrorCode)
  }
  return sections
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1)

/** The document as it must be: everything before its first section as it stands, then the table with the advice that it already holds. */
export function upToDate(document: string, source: string): string {
  const advice = new Map(rowsIn(document).map(row => [row.code, row.advice]))
  const introduction = document.split(/^## /m)[0]!.trimEnd()
  const sections = [...sectionsOf(source)].map(([title, codes]) => {
    const rows = codes.map(code => {
      const { blame, retry, means } = ERRORS[code]
      return `| \`${code}\` | ${blame} | ${retry} | ${means.replaceAll('|', '\\|')} | ${advice.get(code) ?? ''} |`
    })
    return `## ${capital(title)}\n\n| Code | Who acts | Try again | What it means | What to do |\n|---|---|---|---|---|\n${rows.join('\n')}`
  })
  return `${[introduction, ...sections].join('\n\n')}\n`
}

export const currentDocument = (): string => readFileSync(DOCUMENT, 'utf8')
export const errorSource = (): string => readFileSync(SOURCE, 'utf8')

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCUMENT, upToDate(currentDocument(), errorSource()))
