// `millrace types`: for every `<name>.avsc` below a directory a `<name>.generated.ts` beside it, and the check that they belong together.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { AvroSchema } from '../model/avro-type.ts'
import { isMillraceError, messageOf, MillraceError } from '../model/errors.ts'
import { typesSourceOf } from './types-source.ts'

export interface GeneratedFile {
  /** Of the `.generated.ts`, relative to the directory. */
  readonly file: string
  /** 'same': as generated; 'written': it was not; 'missing', 'differs': it should be generated again; 'orphan': it has no `.avsc` any more. */
  readonly state: 'same' | 'written' | 'missing' | 'differs' | 'orphan'
}

/**
 * Generates the types of all schemas below `directory`, or only checks them. Files are written only when they change; orphans are reported,
 * not deleted. In order of their names.
 * @param decimalFrom what the generated files import `Decimal` from
 * @throws SCHEMA_INVALID naming the `.avsc`, FILE_UNREADABLE; nothing was written then
 */
export async function generateTypes(
  directory: string,
  mode: 'write' | 'check',
  decimalFrom = '#lib/index.ts',
): Promise<readonly GeneratedFile[]> {
  const names = await namesBelow(directory)
  const sources = names.filter(name => name.endsWith('.avsc'))
  const generated = new Map<string, string>()
  for (const source of sources)
    generated.set(source.replace(/\.avsc$/, '.generated.ts'), await generatedFrom(directory, source, decimalFrom))
  const files: GeneratedFile[] = names
    .filter(name => name.endsWith('.generated.ts') && !generated.has(name))
    .map(file => ({ file, state: 'orphan' }))
  for (const [file, text] of generated) {
    const there = names.includes(file) ? await textOf(directory, file) : null
    if (there !== text && mode === 'write') await writeFile(join(directory, file), text)
    files.push({ file, state: there === text ? 'same' : mode === 'write' ? 'written' : there === null ? 'missing' : 'differs' })
  }
  return files.sort((a, b) => (a.file < b.file ? -1 : 1))
}

async function namesBelow(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => entry.isFile())
      .map(entry => relative(directory, join(entry.parentPath, entry.name)))
      .sort()
  } catch (error) {
    throw new MillraceError('FILE_UNREADABLE', `the directory '${directory}' cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function textOf(directory: string, name: string): Promise<string> {
  const file = join(directory, name)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new MillraceError('FILE_UNREADABLE', `'${file}' cannot be read: ${messageOf(error)}`, { cause: error, where: { file } })
  }
}

async function generatedFrom(directory: string, source: string, decimalFrom: string): Promise<string> {
  const text = await textOf(directory, source)
  const file = join(directory, source)
  try {
    return typesSourceOf(JSON.parse(text) as AvroSchema, { file: source.split(/[\\/]/).at(-1)!, decimalFrom })
  } catch (error) {
    if (!isMillraceError(error) && !(error instanceof SyntaxError)) throw error
    throw new MillraceError('SCHEMA_INVALID', `'${file}': ${messageOf(error)}`, { cause: error, where: { file } })
  }
}
