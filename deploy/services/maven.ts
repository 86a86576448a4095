// Programs for Java that come from the Maven repository, kept beside one another in a folder of the user's cache.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { onPath } from './on-path.ts'

/** What `make` makes, or null where there is no Java or the repository cannot be reached; says why on stderr. */
export function orNull(make: () => string): string | null {
  if (onPath('java') === null || onPath('mvn') === null) return null
  try {
    return make()
  } catch (error) {
    console.error(`from the Maven repository: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'services')

/** Makes a folder once, however many processes ask for it: what is not finished never has its name. */
function madeOnce(name: string, make: (folder: string) => void): string {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  mkdirSync(CACHE, { recursive: true })
  const making = mkdtempSync(join(CACHE, `${name}-`))
  try {
    make(making)
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (!existsSync(folder)) throw error // else another process was first
  }
  return folder
}

const maven = (...args: string[]): void => void execFileSync('mvn', ['-q', '-B', ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

/** The jars that a pom.xml asks for. */
export const jarsOf = (name: string, pom: string): string =>
  madeOnce(name, folder => maven('-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`))

/** What is packed in an artifact (`group:name:version:tar.gz[:classifier]`). */
export const unpacked = (name: string, artifact: string): string =>
  madeOnce(name, folder => {
    const [packed, open] = [join(folder, 'packed'), join(folder, 'open')]
    maven('org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${packed}`)
    mkdirSync(open)
    execFileSync('tar', ['-xzf', join(packed, readdirSync(packed)[0]!), '-C', open])
    rmSync(packed, { recursive: true })
    cpSync(open, folder, { recursive: true })
    rmSync(open, { recursive: true })
  })
