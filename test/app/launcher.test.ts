import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const places: string[] = []
after(() => {
  for (const place of places) rmSync(place, { recursive: true })
})

/** Does what its first argument says, after it has said what it was given. */
const MAIN = `
export const run = async args => {
  if (args[0] === 'wait') {
    const alive = setInterval(() => {}, 1000)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { console.log(signal); clearInterval(alive); process.exitCode = 9 })
  }
  console.log(JSON.stringify({ pid: process.pid, ppid: process.ppid, version: process.versions.node, args }))
  if (args[0] === 'code') return Number(args[1])
  if (args[0] === 'throw') throw new Error('thrown by main')
  if (args[0] === 'die') process.kill(process.pid, 'SIGTERM')
}
`

interface Place {
  readonly kind: 'checkout' | 'installed'
  /** Nodes in node_modules: path of the package below it → version. */
  readonly nodes?: Readonly<Record<string, string>>
}

/** A folder with the launcher and a main of its own, as in a checkout or as installed. */
function place({ kind, nodes = {} }: Place): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-launcher-'))
  places.push(folder)
  const main = join(folder, kind === 'checkout' ? 'app/main.ts' : 'dist/app/main.js')
  for (const path of [join(folder, 'app'), dirname(main)]) mkdirSync(path, { recursive: true })
  copyFileSync(join(root, 'app/millrace.mjs'), join(folder, 'app/millrace.mjs'))
  writeFileSync(main, kind === 'checkout' ? MAIN.replace('args =>', '(args: string[]): Promise<unknown> =>') : MAIN)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [path, version] of Object.entries(nodes)) {
    const installed = join(folder, 'node_modules', path)
    mkdirSync(join(installed, 'bin'), { recursive: true })
    writeFileSync(join(installed, 'package.json'), JSON.stringify({ name: path.split('/').at(-1), version }))
    symlinkSync(process.execPath, join(installed, 'bin/node'))
  }
  // Loaded before the launcher, in the first process only: it runs as on an old Node.
  writeFileSync(
    join(folder, 'old.mjs'),
    `if (process.env.PRETEND_OLD) Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.1' } })
delete process.env.PRETEND_OLD
`,
  )
  return folder
}

type On = 'this Node' | 'an old Node'
const start = (folder: string, on: On, ...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['--import', join(folder, 'old.mjs'), join(folder, 'app/millrace.mjs'), ...args], {
    env: { ...process.env, ...(on === 'an old Node' ? { PRETEND_OLD: '1' } : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  let out = ''
  let err = ''
  child.stdout!.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr!.on('data', (data: Buffer) => (err += data.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, out, err }
}

interface Said {
  readonly pid: number
  readonly ppid: number
  readonly version: string
  readonly args: readonly string[]
}
const said = (out: string): Said => JSON.parse(out.split('\n')[0]!) as Said
const PLATFORM = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
const NODE_24 = { nodes: { node: '24.21.0' } }

for (const kind of ['checkout', 'installed'] as const) {
  test(`a Node that is new enough runs main itself (${kind}), with its arguments and its exit code`, async () => {
    const child = start(place({ kind }), 'this Node', 'code', '3', '--x=y z')
    const { code, out, err } = await ended(child)
    assert.equal(code, 3, err)
    assert.equal(said(out).pid, child.pid)
    assert.deepEqual(said(out).args, ['code', '3', '--x=y z'])
  })

  test(`an old Node hands over to the installed one (${kind}): arguments and exit code are kept`, async () => {
    const child = start(place({ kind, ...NODE_24 }), 'an old Node', 'code', '3', '--x=y z')
    const { code, out, err } = await ended(child)
    assert.equal(code, 3, err)
    assert.equal(said(out).ppid, child.pid)
    assert.equal(said(out).version, process.versions.node)
    assert.deepEqual(said(out).args, ['code', '3', '--x=y z'])
  })

  test(`NODE_TOO_OLD: an old Node without another one says what is needed and what to do (${kind})`, async () => {
    const { code, out, err } = await ended(start(place({ kind }), 'an old Node'))
    assert.equal(code, 1)
    assert.equal(out, '')
    assert.match(err, /^NODE_TOO_OLD: Millrace needs Node[.]js 22[.]18 or newer; this is 20[.]11[.]1/)
    assert.match(err, kind === 'checkout' ? /npm rebuild node --ignore-scripts=false/ : /npm install --save-dev node@24/)
  })
}

test('the platform package is found where npm puts it: inside the node package, or beside it', async () => {
  for (const path of [`node/node_modules/${PLATFORM}`, PLATFORM]) {
    const folder = place({ kind: 'checkout', nodes: { [path]: '24.21.0' } })
    mkdirSync(join(folder, 'node_modules/node'), { recursive: true })
    writeFileSync(join(folder, 'node_modules/node/package.json'), '{ "name": "node", "version": "24.21.0" }') // its install script did not run
    const { code, err } = await ended(start(folder, 'an old Node', 'code', '0'))
    assert.equal(code, 0, err)
  }
})

test('an installed Node that is too old itself is not used', async () => {
  const { code, err } = await ended(start(place({ kind: 'checkout', nodes: { node: '22.17.9' } }), 'an old Node'))
  assert.equal(code, 1)
  assert.match(err, /^NODE_TOO_OLD/)
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} reaches main through the launcher, which waits for its end`, async () => {
    const child = start(place({ kind: 'checkout', ...NODE_24 }), 'an old Node', 'wait')
    const lines: string[] = []
    for await (const line of createInterface(child.stdout!)) {
      lines.push(line)
      if (lines.length === 1) child.kill(signal)
    }
    if (child.exitCode === null) await once(child, 'exit')
    assert.deepEqual(lines.slice(1), [signal])
    assert.equal(child.exitCode, 9)
  })
}

test('a main that dies by a signal makes the launcher die by the same signal', async () => {
  const { signal } = await ended(start(place({ kind: 'checkout', ...NODE_24 }), 'an old Node', 'die'))
  assert.equal(signal, 'SIGTERM')
})

test('a main that throws ends with code 1 and its stack, on either Node', async () => {
  for (const on of ['this Node', 'an old Node'] as const) {
    const { code, err } = await ended(start(place({ kind: 'checkout', ...NODE_24 }), on, 'throw'))
    assert.equal(code, 1)
    assert.match(err, /Error: thrown by main\n\s+at /)
  }
})

test('SIGKILL of the launcher ends main as well: nothing runs on that nobody waits for', { timeout: 30_000 }, async t => {
  const child = start(place({ kind: 'checkout', ...NODE_24 }), 'an old Node', 'wait')
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  t.after(() => {
    child.stdout!.destroy()
    try {
      process.kill(said(line).pid, 'SIGKILL')
    } catch {
      // it ended, as it should
    }
  })
  child.kill('SIGKILL')
  // The pipe closes with the last process that holds it, and main holds it for ever unless it ends.
  await once(child.stdout!.resume(), 'close', { signal: t.signal })
})

test('`npx millrace` works in a checkout, from its root and from a folder in it', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  for (const cwd of [root, join(root, 'lib')]) {
    const { status, stdout, stderr } = spawnSync('npx', ['--no', '--', 'millrace', '--version'], { cwd, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.equal(stdout.trim(), version)
  }
})

test('the Node that this machine has outside of the checkout starts Millrace, however old', t => {
  const paths = (process.env['PATH'] ?? '').split(delimiter).filter(path => !path.includes('node_modules'))
  const found = spawnSync('node', ['--version'], { env: { ...process.env, PATH: paths.join(delimiter) }, encoding: 'utf8' })
  if (found.status !== 0) return t.skip('no other Node on this machine')
  t.diagnostic(`tried with Node ${found.stdout.trim()}`)
  const { status, stdout, stderr } = spawnSync('node', [join(root, 'app/millrace.mjs'), '--version'], {
    env: { ...process.env, PATH: paths.join(delimiter) },
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^\d+[.]\d+[.]\d+\n$/)
})
