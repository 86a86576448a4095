import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './house-files.ts'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: true
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
const read = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T
const { packages } = read<{ packages: Readonly<Record<string, Locked>> }>('package-lock.json')
const manifest = read<{
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}>('package.json')
const nameOf = (path: string): string => path.split('node_modules/').at(-1)!

test('dependencies are pinned to one version, in package.json and in the lock file', () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    assert.match(version, /^\d+[.]\d+[.]\d+$/, name)
    assert.equal(packages[`node_modules/${name}`]?.version, version, name)
  }
})

test('the lock file names no registry, and every package by what it holds', () => {
  const entries = Object.entries(packages).filter(([path]) => path !== '')
  assert.deepEqual(
    entries.filter(([, locked]) => locked.resolved !== undefined || locked.integrity === undefined).map(([path]) => path),
    [],
  )
})

test('the lock file holds what any platform needs, also what is not installed on this one', () => {
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter(name => {
      // Node looks into node_modules of the package's own folder, then of every folder above it.
      for (let folder = path; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('node_modules/') - 1, 0))) {
        if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return false
        if (folder === '') return true
      }
    }),
  )
  assert.deepEqual(missing, [], '`npm ci` refuses such a lock file')
})

/** Has a script that only prints a warning; it is not run, and not missed. */
const NOT_RUN = ['protobufjs']

test('install scripts are allowed for node alone, by name: a lock file without registry cannot say more', () => {
  const scripted = Object.entries(packages)
    .filter(([, locked]) => locked.hasInstallScript)
    .map(([path]) => nameOf(path))
  assert.deepEqual(scripted.sort(), ['node', ...NOT_RUN].sort())
  assert.deepEqual(manifest.allowScripts, { node: true })
})
