import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { recordLogConformance } from '#lib/testing/conformance/record-log.ts'

for (const [name, options] of [
  ['embedded, tail in memory', {}],
  ['embedded, everything from disk, tiny segments', { memoryBytes: 0, segmentBytes: 4_096 }],
] as const)
  recordLogConformance(name, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-log-'))
    const lock = await lockDirectory(directory)
    const all = { ...options, transactionBytes: 8 << 20 }
    let log = await openEmbeddedLog(lock, all)
    return {
      log,
      tooLarge: 9 << 20,
      reopen: async () => {
        await log.close()
        log = await openEmbeddedLog(lock, all)
        return log
      },
      dispose: async () => {
        await log.close()
        await lock.release()
        await rm(directory, { recursive: true, force: true })
      },
    }
  })
