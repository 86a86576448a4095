#!/usr/bin/env node
// The launcher. Plain JavaScript that old versions of Node can read: it finds a Node that runs Millrace, then calls run() of app/main.ts
// (in a checkout) or of dist/app/main.js (in an installed package). `npm install` brings Node 24 into a checkout.
//
// run(args) may give back an exit code. Ctrl-C can arrive twice within a millisecond (the terminal sends it to all, and npm and this
// launcher pass it on), so whoever handles SIGINT must take such a pair for one.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = [22, 18]
const RELAUNCHED = 'MILLRACE_RELAUNCHED_BY'
const here = dirname(fileURLToPath(import.meta.url))
const inCheckout = existsSync(join(here, 'main.ts'))

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/** A checkout runs TypeScript as it is: Node must strip its types (23.0 to 23.5 do not by default). */
const runsMillrace = () => isNewEnough(process.versions.node) && (!inCheckout || Boolean(process.features.typescript))

/** The executable of the `node` package (24, a dev dependency) or of its platform package, or null. */
function installedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const executable = join('bin', process.platform === 'win32' ? 'node.exe' : 'node')
  let from = here
  for (const name of ['node', `node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]) {
    try {
      const manifest = module.createRequire(join(from, 'launcher.js')).resolve(`${name}/package.json`)
      const folder = dirname(manifest)
      if (name === 'node') from = folder // the platform package lies inside it
      const found = join(folder, executable)
      if (existsSync(found) && isNewEnough(JSON.parse(readFileSync(manifest, 'utf8')).version)) return found
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  return null
}

/** Runs this launcher again on another Node, as if it were this process: same terminal, same signals, same exit. */
function relaunchOn(node) {
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [RELAUNCHED]: String(process.pid) },
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    console.error(
      `NODE_TOO_OLD: Node ${process.versions.node} is older than ${NEEDED.join('.')}, and ${node} cannot be started: ${error.message}`,
    )
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const s of signals) process.removeAllListeners(s)
    process.kill(process.pid, signal)
  })
}

/** Set by the launcher that waits for us, on another Node. */
const relaunched = process.env[RELAUNCHED] === String(process.ppid)

/** The process that waits for us was killed without a chance to say so: nobody would know that we still run, so we end as it did. */
function endWithTheOneWhoWaits() {
  delete process.env[RELAUNCHED]
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}

if (runsMillrace()) {
  if (relaunched && process.channel) endWithTheOneWhoWaits()
  // Types are stripped once, not at every start: 0.1 s of computing instead of 0.3 (docs/decisions/0001).
  if (inCheckout) module.enableCompileCache?.(join(here, '..', 'node_modules', '.cache', 'millrace'))
  const main = inCheckout ? join(here, 'main.ts') : join(here, '..', 'dist', 'app', 'main.js')
  const { run } = await import(pathToFileURL(main).href)
  const code = await run(process.argv.slice(2))
  if (typeof code === 'number') process.exitCode = code
} else {
  const node = relaunched ? null : installedNode()
  if (node === null) {
    console.error(
      `NODE_TOO_OLD: Millrace needs Node.js ${NEEDED.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).`,
    )
    if (inCheckout)
      console.error(
        'In a checkout `npm install` brings Node 24 along. If that was done and install scripts are switched off: npm rebuild node --ignore-scripts=false',
      )
    else console.error('Install a newer Node.js, or add one to your project: npm install --save-dev node@24')
    process.exitCode = 1
  } else relaunchOn(node)
}
