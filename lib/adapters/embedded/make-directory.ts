// Creates a directory with its parents. Node's own recursive mkdir never returns where the file system answers ENOENT below a directory that
// exists (below `/proc`, for one), and an endless start is no error message.
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code

/** Does nothing when the directory is there. @throws the file system's own error */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return
    const parent = dirname(path)
    if (codeOf(error) !== 'ENOENT' || parent === path || (await isThere(parent))) throw error
    await makeDirectory(parent)
    await makeDirectory(path)
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
