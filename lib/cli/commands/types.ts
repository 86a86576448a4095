import { generateTypes } from '../../codec/generate-types.ts'
import { counted } from '../text/figures.ts'
import type { Screen } from '../text/screen.ts'

const WORDS = { same: 'up to date', written: 'written', missing: 'missing', differs: 'out of date', orphan: 'without its .avsc' } as const

export interface TypesOrder {
  readonly directory: string
  readonly mode: 'write' | 'check'
  /** What the generated files import `Decimal` from. */
  readonly decimalFrom: string
}

/**
 * `millrace types [--check]`: a TypeScript file for every Avro schema below a directory, or the check that they belong together.
 * @returns the exit code: 1 when `check` found a difference. @throws SCHEMA_INVALID, FILE_UNREADABLE
 */
export async function types({ directory, mode, decimalFrom }: TypesOrder, screen: Screen): Promise<number> {
  const files = await generateTypes(directory, mode, decimalFrom)
  const notable = files.filter(f => f.state !== 'same')
  for (const { file, state } of notable) screen.out(`${file} ${WORDS[state]}\n`)
  const wrong = notable.filter(f => f.state !== 'written')
  if (wrong.length > 0) {
    screen.err(
      `${counted(wrong.length, 'file')} of ${files.length} ${wrong.length === 1 ? 'is' : 'are'} not as generated: \`millrace types\` mends that\n`,
    )
    return 1
  }
  screen.out(files.length === 0 ? `no .avsc below ${directory}\n` : `${counted(files.length, 'file')} as the schemas say\n`)
  return 0
}
