// Starts PGlite with our settings on a directory or in memory: in the thread that serves it, or in the process that makes it.
import { setFlagsFromString } from 'node:v8'
import { PGlite } from '@electric-sql/pglite'
import type { ErrorCode } from '../../model/errors.ts'
import { type Begun, faultOf, wordsOf } from './pglite-faults.ts'
import { DurableFiles } from './durable-files.ts'
import type { PgliteStart } from './pglite-messages.ts'

/**
 * PostgreSQL's settings. `fsync` works through DurableFiles, with fsync() as the method because Emscripten answers fdatasync() without doing it; on the
 * disk measured it costs 2 ms a commit, 3 % of a backfill. So a commit is durable as on a server. `full_page_writes` stays on: a process killed within
 * write() may leave half a page. There is one backend and no background process: no autovacuum, no checkpointer (PgliteSession does it), no JIT.
 */
const SETTINGS = [
  'fsync=on',
  'wal_sync_method=fsync',
  'synchronous_commit=on',
  'full_page_writes=on',
  'shared_buffers=32MB',
  'min_wal_size=32MB',
  'autovacuum=off',
  'jit=off',
  'TimeZone=UTC',
  'DateStyle=ISO, YMD',
  'IntervalStyle=postgres',
  'extra_float_digits=1',
  'bytea_output=hex',
]
/** Small WAL files: 16 MB of zeros each are a third of a new database. Nothing is synced while it is made in memory. */
const INITDB = ['--no-sync', '--wal-segsize=4']

/**
 * The optimizing compiler takes 600 MB for a moment for one function of PostgreSQL (ExecInterpExpr) and makes loads half as fast again. `small` does
 * without it.
 */
function setCompiler(memory: PgliteStart['memory']): void {
  if (memory === 'fast') return setFlagsFromString('--wasm-num-compilation-tasks=1')
  setFlagsFromString('--no-wasm-tier-up')
  setFlagsFromString('--no-wasm-dynamic-tiering')
}

/** Why PGlite did not start, as one of our codes. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed'
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, cause: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export interface Started {
  readonly database: PGlite
  /** Null in memory. */
  readonly files: DurableFiles | null
}

/** @param directory where the files are, or are to be made. @throws StartFailed */
export async function startPglite(directory: string | null, memory: PgliteStart['memory'], begun: Begun): Promise<Started> {
  setCompiler(memory)
  /** The last lines that PostgreSQL wrote: they say why it does not start. */
  const said: string[] = []
  try {
    const files = directory === null ? null : new DurableFiles(directory)
    const database = await PGlite.create({
      ...(files === null ? { dataDir: 'memory://' } : { fs: files }),
      startParams: [...PGlite.defaultStartParams.filter(p => p !== '-F'), ...SETTINGS.flatMap(s => ['-c', s])],
      initDbStartParams: INITDB,
      onStderr: line => {
        said.push(line)
        if (said.length > 20) said.shift()
        return false
      },
    })
    return { database, files }
  } catch (error) {
    throw startFailed(error, directory, begun, said)
  }
}

export function startFailed(error: unknown, directory: string | null, begun: Begun, said: readonly string[] = []): StartFailed {
  if (error instanceof StartFailed) return error
  const reason = said.map(line => /(?:FATAL|PANIC|ERROR):\s*(.+)/.exec(line)?.[1]).findLast(r => r !== undefined)
  const { code, message } = faultOf(error, reason ?? wordsOf(error), directory, begun)
  return new StartFailed(code, message, error)
}
