import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { coded } from './opened.ts'

const LOCK = new URL('../../../lib/adapters/embedded/lock.ts', import.meta.url).href
let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-lock-'))
})
after(() => rm(root, { recursive: true, force: true }))

/** A process that holds the lock until it is killed. */
async function holder(directory: string) {
  const code = `import { lockDirectory } from ${JSON.stringify(LOCK)}; await lockDirectory(${JSON.stringify(directory)}); console.log('held'); setInterval(() => {}, 1e6)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) if (line === 'held') break
  return { pid: child.pid!, kill: () => new Promise(resolve => child.on('exit', resolve).kill('SIGKILL')) }
}

test('DATA_DIR_IN_USE: a second process is refused and told who has the directory; SIGKILL frees it at once', async () => {
  const directory = join(root, 'a', 'b')
  const other = await holder(directory)
  await assert.rejects(lockDirectory(directory), coded('DATA_DIR_IN_USE', directory, `process ${other.pid}`))
  await assert.rejects(lockDirectory(directory), coded('DATA_DIR_IN_USE'))
  await other.kill()
  const lock = await lockDirectory(directory)
  assert.equal(lock.directory, directory)
  await lock.release()
})

test('DATA_DIR_IN_USE: a second open in the same process is refused, another directory is not', async () => {
  const lock = await lockDirectory(join(root, 'same'))
  await assert.rejects(lockDirectory(join(root, 'same')), coded('DATA_DIR_IN_USE', 'this very process'))
  const other = await lockDirectory(join(root, 'other'))
  await other.release()
  await lock.release()
  await lock.release()
  await (await lockDirectory(join(root, 'same'))).release()
})

test('a log is opened only under a lock that is held', async () => {
  const lock = await lockDirectory(join(root, 'released'))
  assert.equal(lock.state, 'held')
  await lock.release()
  assert.equal(lock.state, 'released')
  await assert.rejects(openEmbeddedLog(lock), coded('DATA_DIR_UNUSABLE', 'released'))
})

test('DATA_DIR_UNUSABLE: a path that is a file, and a lock that is no lock, are refused', async () => {
  await writeFile(join(root, 'file'), 'x')
  await assert.rejects(lockDirectory(join(root, 'file')), coded('DATA_DIR_UNUSABLE', join(root, 'file')))
  const lock = await lockDirectory(join(root, 'junk'))
  await lock.release()
  await writeFile(join(root, 'junk', 'lock'), 'this is no database, '.repeat(200))
  await assert.rejects(lockDirectory(join(root, 'junk')), coded('DATA_DIR_UNUSABLE', join(root, 'junk')))
})

test('DATA_DIR_UNUSABLE: a directory that may not be written', {
  skip: process.getuid?.() === 0 ? 'root may write everywhere' : false,
}, async () => {
  const lock = await lockDirectory(join(root, 'readonly'))
  await lock.release()
  await chmod(join(root, 'readonly'), 0o500)
  await assert.rejects(lockDirectory(join(root, 'readonly')), coded('DATA_DIR_UNUSABLE'))
})

test('locking prints nothing, and other warnings are printed as ever', () => {
  const code = `import { lockDirectory } from ${JSON.stringify(LOCK)}
    const lock = await lockDirectory(${JSON.stringify(join(root, 'quiet'))}); await lock.release()
    process.emitWarning('something else', 'ExperimentalWarning')`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, '')
  assert.deepEqual(
    stderr
      .split('\n')
      .filter(line => /warning/i.test(line) && !line.includes('--trace-warnings'))
      .map(line => line.replace(/^\(node:\d+\) /, '')),
    ['ExperimentalWarning: something else'],
  )
})
