// `npm run build`: JavaScript and declarations in dist/, beside them everything that is read at run time but is no code, and a
// package.json of its own that says what `#lib/…` means there.
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
/** Folders whose code is shipped, and sql/, which is only read. */
const SHIPPED = ['lib', 'app', 'schemas', 'processors', 'sql']

rmSync(dist, { recursive: true, force: true })
const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)

const isCode = (path: string): boolean => /[.](ts|mjs)$/.test(path)
const isForReaders = (path: string): boolean => path.endsWith('.md')
for (const folder of readdirSync(root).filter(name => SHIPPED.includes(name))) {
  cpSync(join(root, folder), join(dist, folder), {
    recursive: true,
    filter: path => statSync(path).isDirectory() || !(isCode(path) || isForReaders(path)),
  })
}

const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>
const imports = Object.fromEntries(
  ['lib', 'schemas', 'processors'].flatMap(folder => [
    [`#${folder}/*.ts`, `./${folder}/*.js`],
    [`#${folder}/*`, `./${folder}/*`],
  ]),
)
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify({ name, version, license, private: true, type: 'module', imports }, null, 2)}\n`,
)
console.log(`built ${relative(process.cwd(), dist) || dist}`)
