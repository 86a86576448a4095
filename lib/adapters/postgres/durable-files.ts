// PGlite's files on the local disk, safe against loss of power.
import { fdatasyncSync } from 'node:fs'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { syncDirectory } from './pglite-directory.ts'

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
