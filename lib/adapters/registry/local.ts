// The registry of the embedded mode: one JSON file, replaced as a whole and durably before a call resolves. The data directory's lock keeps
// other processes away.
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, MillraceError } from '../../model/errors.ts'
import type { Registry } from '../../ports/registry.ts'
import type { RegistryContent, SubjectContent } from './schema-store.ts'
import { LEVELS, NO_CONTENT, SchemaStore } from './schema-store.ts'

const FORMAT = 'millrace-registry-1'

/**
 * Opens the registry kept in `file`, which need not exist yet. Ids are dense from 1; the same schema has one id in all subjects.
 * A full disk is DISK_FULL, any other failure to write REGISTRY_UNAVAILABLE; nothing has changed then.
 * @throws DATA_CORRUPT when the file is damaged, DATA_DIR_UNUSABLE when it cannot be read
 */
export async function openLocalRegistry(file: string): Promise<Registry> {
  return new SchemaStore(await contentOf(file), content => replaceFile(file, textOf(content)))
}

const textOf = (content: RegistryContent): string => {
  const { subjects, schemas } = content
  return `${JSON.stringify({ format: FORMAT, sha256: digestOf(content), subjects, schemas }, null, 1)}\n`
}
const digestOf = ({ subjects, schemas }: RegistryContent): string =>
  createHash('sha256')
    .update(JSON.stringify([subjects, schemas]))
    .digest('hex')

async function contentOf(file: string): Promise<RegistryContent> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NO_CONTENT
    throw new MillraceError('DATA_DIR_UNUSABLE', `the schema registry's file '${file}' cannot be read: ${messageOf(error)}`, {
      cause: error,
      where: { file },
    })
  }
  const content = checked(text)
  if (typeof content !== 'string') return content
  throw new MillraceError(
    'DATA_CORRUPT',
    `the schema registry's file '${file}' is damaged: ${content}. Restore it from a copy, or start with a new data directory`,
    { where: { file } },
  )
}

/** The content, or what is wrong with it. */
function checked(text: string): RegistryContent | string {
  let json: { readonly format?: unknown; readonly sha256?: unknown; readonly subjects?: unknown; readonly schemas?: unknown }
  try {
    json = JSON.parse(text) as typeof json
  } catch (error) {
    return messageOf(error)
  }
  if (typeof json !== 'object' || json === null || json.format !== FORMAT) return `it is not of the format '${FORMAT}'`
  if (!Array.isArray(json.subjects) || !Array.isArray(json.schemas)) return 'subjects or schemas are missing'
  const content = json as unknown as RegistryContent
  if (json.sha256 !== digestOf(content)) return 'its content does not have the digest that it names'
  const wrong = content.subjects.find(subject => !isSubject(subject, content.schemas.length))
  if (wrong !== undefined) return `subject ${JSON.stringify(wrong)} names a schema that is not there`
  return content
}

const isSubject = ({ name, compatibility, versions }: SubjectContent, schemas: number): boolean =>
  typeof name === 'string' &&
  (compatibility === null || LEVELS.includes(compatibility)) &&
  Array.isArray(versions) &&
  versions.every(id => Number.isInteger(id) && id > 0 && id <= schemas)

/** Old content or new content, whatever happens in between; resolves when the new one survives a power cut. */
async function replaceFile(file: string, text: string): Promise<void> {
  const directory = dirname(file)
  const temporary = `${file}.new`
  try {
    await mkdir(directory, { recursive: true })
    const handle = await open(temporary, 'w')
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
    const parent = await open(directory, 'r')
    try {
      await parent.sync()
    } finally {
      await parent.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    throw new MillraceError(
      full ? 'DISK_FULL' : 'REGISTRY_UNAVAILABLE',
      `the schema registry's file '${file}' cannot be written: ${messageOf(error)}`,
      { cause: error, where: { file } },
    )
  }
}
