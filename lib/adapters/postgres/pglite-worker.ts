// The thread that PGlite runs in: its WASM blocks the thread it is called in, and the engine must go on meanwhile.
import { parentPort, workerData } from 'node:worker_threads'
import { checkWhole } from './pglite-directory.ts'
import type { PgliteReply, PgliteRequest, PgliteStart } from './pglite-messages.ts'
import { PgliteSession } from './pglite-session.ts'
import { startFailed, startPglite } from './pglite-start.ts'

const { directory, memory, checkpointBytes } = workerData as PgliteStart
const begun = directory === null ? 'made' : 'opened'
const port = parentPort!
const reply = (message: PgliteReply): void => port.postMessage(message)

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
  if (directory !== null) checkWhole(directory)
  const { database, files } = await startPglite(directory, memory, begun)
  const session = new PgliteSession(database, files, checkpointBytes)
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
} catch (error) {
  const { code, message } = startFailed(error, directory, begun)
  reply({ kind: 'start-failed', code, message })
  port.close()
}
