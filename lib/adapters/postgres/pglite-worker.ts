// The thread that PGlite runs in: its WASM blocks the thread it is called in, and the engine must go on meanwhile.
import { setFlagsFromString } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { messageOf } from '../../model/errors.ts'
import { checkWhole, createWhole, DurableFiles } from './pglite-files.ts'
import type { PgliteReply, PgliteRequest, PgliteStart } from './pglite-messages.ts'
import { PgliteSession } from './pglite-session.ts'
import { faultOf } from './pglite-faults.ts'

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

const start = workerData as PgliteStart
const port = parentPort!
const reply = (message: PgliteReply): void => port.postMessage(message)
/** The last lines that PostgreSQL wrote: they say why it does not start. */
const said: string[] = []

/**
 * The optimizing compiler takes 600 MB for a moment for one function of PostgreSQL (ExecInterpExpr) and makes loads half as fast again. `small` does
 * without it.
 */
function setCompiler(memory: PgliteStart['memory']): void {
  if (memory === 'fast') return setFlagsFromString('--wasm-num-compilation-tasks=1')
  setFlagsFromString('--no-wasm-tier-up')
  setFlagsFromString('--no-wasm-dynamic-tiering')
}

async function open(directory: string | null, content: 'new' | 'existing'): Promise<PgliteSession> {
  if (content === 'existing' && directory !== null) checkWhole(directory)
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
  return new PgliteSession(database, files, start.checkpointBytes)
}

async function answer(session: PgliteSession, request: PgliteRequest): Promise<void> {
  const { id } = request
  switch (request.kind) {
    case 'run': {
      const outcome = await session.run(request.statements, request.options)
      return reply(
        'failure' in outcome ? { kind: 'failure', id, failure: outcome.failure } : { kind: 'result', id, results: outcome.results },
      )
    }
    case 'status':
      return reply({ kind: 'status', id, status: session.status() })
    case 'close':
      await session.close()
      reply({ kind: 'closed', id })
      return port.close()
  }
}

try {
  setCompiler(start.memory)
  if (start.task === 'create') {
    await createWhole(start.directory!, async staging => (await open(staging, 'new')).close())
    reply({ kind: 'ready' })
  } else {
    const session = await open(start.directory, 'existing')
    let turn = Promise.resolve()
    port.on('message', (request: PgliteRequest) => {
      turn = turn
        .then(() => answer(session, request))
        .catch(error => {
          setImmediate(() => {
            throw error // ends the thread: the other side opens the directory anew
          })
        })
    })
    reply({ kind: 'ready' })
  }
} catch (error) {
  const last = said.map(line => /(?:FATAL|PANIC|ERROR):\s*(.+)/.exec(line)?.[1]).findLast(reason => reason !== undefined)
  reply({ kind: 'start-failed', ...faultOf(error, last ?? messageOf(error), start.directory) })
  port.close()
}
