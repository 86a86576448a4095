import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { ROOT } from '../arch/house-files.ts'

const FILE = join(ROOT, 'test/types/hovers.ts')
const CARET = /^\s*\/\/\s*\^\?(.*)$/

/** The language service over the pinned file, as an editor runs it. */
function editor(): ts.LanguageService {
  const config = join(ROOT, 'test/types/tsconfig.json')
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, path => ts.sys.readFile(path)).config,
    ts.sys,
    join(ROOT, 'test/types'),
  )
  return ts.createLanguageService({
    getCompilationSettings: () => ({ ...options, noErrorTruncation: true }),
    getScriptFileNames: () => [FILE],
    getScriptVersion: () => '1',
    getScriptSnapshot: path => {
      const text = ts.sys.readFile(path)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: o => ts.getDefaultLibFilePath(o),
    fileExists: path => ts.sys.fileExists(path),
    readFile: path => ts.sys.readFile(path),
    directoryExists: path => ts.sys.directoryExists(path),
    getDirectories: path => ts.sys.getDirectories(path),
  })
}

interface Pinned {
  readonly line: number
  readonly position: number
  readonly expected: string
}
/** A caret stands under the name that it asks about: the first of its column on the lines above that begin a statement. */
function pinnedIn(text: string): readonly Pinned[] {
  const lines = text.split('\n')
  const starts: number[] = []
  lines.reduce((at, line) => (starts.push(at), at + line.length + 1), 0)
  return lines.flatMap((line, i) => {
    const caret = CARET.exec(line)
    if (caret === null) return []
    const named = lines.slice(0, i).findLastIndex(above => above.startsWith('export const '))
    return [{ line: i + 1, position: starts[named]! + line.indexOf('^'), expected: caret[1]!.trim() }]
  })
}
const asOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

test('an editor shows readable types for what every stage infers', () => {
  const service = editor()
  const pinned = pinnedIn(readFileSync(FILE, 'utf8'))
  assert.ok(pinned.length >= 25, `only ${pinned.length} hovers are pinned`)
  const shown = pinned.map(({ line, position }) => {
    const info = service.getQuickInfoAtPosition(FILE, position)
    return `${line}: ${asOneLine(ts.displayPartsToString(info?.displayParts ?? []))}`
  })
  assert.deepEqual(
    shown,
    pinned.map(p => `${p.line}: ${p.expected}`),
  )
})
