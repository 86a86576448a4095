// Whether a program is installed.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Its path, or null. `also` are folders that installers use without putting them on the path. */
export function onPath(program: string, also: readonly string[] = []): string | null {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...also]) {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return join(folder, program)
    } catch {} // not there
  }
  return null
}
