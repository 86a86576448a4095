// Asks the system of a data directory: the process that runs on it, or, when none does, what lies there.
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { readAddress } from '#lib/cli/control/address.ts'
import { answers, remoteInspection } from '#lib/cli/control/client.ts'
import { systemInspection } from '#lib/cli/inspection/system-inspection.ts'
import type { Settings } from '#lib/config/settings.ts'
import { isMillraceError, MillraceError } from '#lib/model/errors.ts'
import { SILENT } from '#lib/ports/observer.ts'
import type { Inspection } from '#lib/ports/inspection.ts'
import { Closing } from '#lib/embedded/closing.ts'
import { holdsData, shownPath } from '#lib/embedded/directory.ts'
import { openLog, openRegistry, openTablesIn, takeDirectory } from '#lib/embedded/directory-parts.ts'
import { MIGRATIONS } from './migrations.ts'
import { PROCESSORS } from './systems.ts'

/** A process that starts or stops holds the directory and does not answer for a while. */
const PATIENCE_MS = 10_000
const ASK_EVERY_MS = 200

/**
 * Opens an Inspection, asks it, closes it.
 * @param tell told what is noticed on the way
 * @throws DATA_DIR_UNUSABLE when nothing was ever stored there, DATA_DIR_IN_USE when the process that holds it does not answer, and what `ask` throws
 */
export async function inspecting<T>(
  settings: Settings,
  tell: (text: string) => void,
  ask: (inspection: Inspection) => Promise<T>,
): Promise<T> {
  const { data } = settings
  if (!holdsData(data))
    throw new MillraceError(
      'DATA_DIR_UNUSABLE',
      `${shownPath(data)} holds no data: \`millrace start\` or \`millrace run\` makes a data directory, --data names another one`,
    )
  const clock = systemClock()
  const deadline = clock.now() + PATIENCE_MS
  for (;;) {
    const address = await readAddress(data)
    if (address !== null && (await answers(address))) return ask(remoteInspection(address))
    const closing = new Closing()
    try {
      return await ask(await atRest(settings, closing, tell))
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'DATA_DIR_IN_USE' || clock.now() > deadline) throw error
    } finally {
      await closing.close()
    }
    await clock.sleep(ASK_EVERY_MS)
  }
}

async function atRest(settings: Settings, closing: Closing, tell: (text: string) => void): Promise<Inspection> {
  const { lock, facts } = await takeDirectory(closing, settings)
  const log = await openLog(closing, lock, tell)
  const registry = await openRegistry(closing, lock.directory)
  const cache = closing.after(new EmbeddedStateCache(), c => c.close())
  const tables = openTablesIn(closing, lock.directory, MIGRATIONS)
  const ports = { log, cache, registry, tables, feeds: new Map(), clock: systemClock(), random: systemRandom(), observer: SILENT }
  return systemInspection({ app: facts.app, ports, processors: PROCESSORS, running: null })
}
