// The process that makes a new database and ends: it needs 1 GB for a moment, of which a thread would give back only part.
import { setImmediate as breathe } from 'node:timers/promises'
import { createWhole } from './pglite-directory.ts'
import type { PgliteReply, PgliteStart } from './pglite-messages.ts'
import { startFailed, startPglite } from './pglite-start.ts'

process.on('SIGINT', () => {}) // Ctrl-C is for the process that asked; when that ends, so does this one
process.on('disconnect', () => process.exit())
process.once('message', (start: PgliteStart) => void create(start))

async function create({ directory, memory }: PgliteStart): Promise<void> {
  const reply = (message: PgliteReply): void => void process.send!(message, () => process.disconnect())
  try {
    await createWhole(directory!, async staging => {
      const { database } = await startPglite(staging, memory, 'made')
      await database.exec('CHECKPOINT')
      await database.close()
      await breathe() // lets the end of the asking process be noticed
      if (!process.connected) process.exit()
    })
    reply({ kind: 'ready' })
  } catch (error) {
    const { code, message } = startFailed(error, directory, 'made')
    reply({ kind: 'start-failed', code, message })
  }
}
