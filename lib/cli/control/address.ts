// Where the process on a data directory listens, and the token that it answers to: a file that only its owner may read.
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMillraceError, MillraceError, messageOf } from '../../model/errors.ts'

export interface ControlAddress {
  readonly pid: number
  readonly port: number
  readonly token: string
}

const FILE = 'control.json'
const OWNER_ONLY = 0o600

/** @throws DATA_DIR_UNUSABLE, DISK_FULL */
export async function writeAddress(directory: string, address: ControlAddress): Promise<void> {
  const file = join(directory, FILE)
  const fresh = `${file}.new`
  try {
    await rm(fresh, { force: true })
    await writeFile(fresh, `${JSON.stringify(address)}\n`, { mode: OWNER_ONLY, flag: 'wx' })
    await chmod(fresh, OWNER_ONLY) // whatever the umask
    await rename(fresh, file)
  } catch (error) {
    const full = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
    throw new MillraceError(full ? 'DISK_FULL' : 'DATA_DIR_UNUSABLE', `${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
      where: { file },
    })
  }
}

/** Null when there is none. What a killed process left is found too: only asking tells (`answers`). */
export async function readAddress(directory: string): Promise<ControlAddress | null> {
  try {
    const { pid, port, token } = JSON.parse(await readFile(join(directory, FILE), 'utf8')) as ControlAddress
    const whole = Number.isInteger(pid) && Number.isInteger(port) && port > 0 && port < 65_536 && typeof token === 'string'
    return whole ? { pid, port, token } : null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM')
      throw new MillraceError(
        'DATA_DIR_UNUSABLE',
        `${join(directory, FILE)} cannot be read: it belongs to another user, and only that one may ask the running process`,
        { cause: error },
      )
    if (isMillraceError(error)) throw error
    return null
  }
}

/** Removes the file if it is still the one that was written for this process. */
export async function removeAddress(directory: string, token: string): Promise<void> {
  const there = await readAddress(directory).catch(() => null)
  if (there?.token === token) await rm(join(directory, FILE), { force: true })
}
