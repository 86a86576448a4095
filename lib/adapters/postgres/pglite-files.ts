// PGlite's data directory on the local disk, safe against loss of power and against a creation that was cut short.
import { closeSync, existsSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MillraceError } from '../../model/errors.ts'
import { NodeFS } from '@electric-sql/pglite/nodefs'

type Initialized = Parameters<NodeFS['init']>
interface OpenFile {
  readonly nfd?: number
  readonly node: unknown
}
/** Emscripten's file system over node:fs, as far as it is needed here. */
interface NodeFiles {
  readonly stream_ops: { fsync?: (file: OpenFile) => number }
  realPath(node: unknown): string
}

/**
 * PGlite's own files on disk lack fsync: PostgreSQL asks for it, Emscripten's NODEFS has no such operation and answers that all is well (0.5.16).
 * With it WAL reaches the disk before COMMIT is acknowledged and before the data that it describes.
 */
export class DurableFiles extends NodeFS {
  fileSyncs = 0
  override async init(...[pg, options]: Initialized): ReturnType<NodeFS['init']> {
    const initialized = await super.init(pg, options)
    const { emscriptenOpts } = initialized
    const addSync = (module: unknown): void => {
      const files = (module as { NODEFS: NodeFiles }).NODEFS
      files.stream_ops.fsync = file => {
        this.fileSyncs++
        if (file.nfd === undefined) syncDirectory(files.realPath(file.node))
        else fdatasyncSync(file.nfd)
        return 0
      }
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...[emscriptenOpts.preRun ?? []].flat(), addSync] } }
  }
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) syncTree(child)
    else if (entry.isFile()) syncDirectory(child)
  }
  syncDirectory(path)
}

/**
 * Makes `directory` by `fill`, which is given an empty directory beside it: what is there under the final name is whole, whenever the process ends.
 * Does nothing when something is there already.
 */
export async function createWhole(directory: string, fill: (staging: string) => Promise<void>): Promise<void> {
  const staging = `${directory}.new`
  rmSync(staging, { recursive: true, force: true })
  if (existsSync(directory) && readdirSync(directory).length > 0) return
  mkdirSync(staging, { recursive: true })
  await fill(staging)
  syncTree(staging)
  renameSync(staging, directory)
  syncDirectory(dirname(directory))
}

/** Of a directory without its version file PGlite would make a new database, over whatever is there. @throws DATA_CORRUPT */
export function checkWhole(directory: string): void {
  if (!existsSync(join(directory, 'PG_VERSION'))) throw new MillraceError('DATA_CORRUPT', 'the file PG_VERSION is missing')
}
