// `npm run bench` runs every benchmark, one after the other, each in a process of its own; `npm run bench -- <name> [arguments]` runs one.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const SELF = 'run.ts'
const names = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.ts') && file !== SELF)
  .map(file => file.slice(0, -'.ts'.length))
  .sort()
const [only, ...args] = process.argv.slice(2)
if (only !== undefined && !names.includes(only)) {
  console.error(`no benchmark '${only}': ${names.join(', ')}`)
  process.exit(2)
}
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`)
for (const name of only === undefined ? names : [only]) {
  console.log(`\n# ${name}`)
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...args], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
