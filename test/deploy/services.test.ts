import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openRedisStateCache } from '#lib/adapters/redis/state-cache.ts'
import { listens } from '../../deploy/services/daemon.ts'
import { redisServer } from '../../deploy/services/redis.ts'
import { needs } from '../services/required.ts'

const script = fileURLToPath(new URL('../../deploy/services/start.ts', import.meta.url))

function services(t: TestContext, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
  const ended = once(child, 'close') as Promise<[number | null]>
  t.after(async () => {
    child.kill('SIGINT') // what it started ends with it
    await ended
  })
  const says = async (words: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = words.exec(said.out + said.err)
      if (found !== null) return found
      await Promise.race([once(child.stderr, 'data'), once(child.stdout, 'data'), ended.then(() => assert.fail(`it ended: ${said.err}`))])
    }
  }
  return { child, said, ended, says }
}

describe('npm run services', { timeout: 60_000 }, () => {
  test(
    'starts what is asked for, prints how to use it, and takes everything away at the end',
    needs('redis-server', redisServer()),
    async t => {
      const { child, ended, says } = services(t, ['--only', 'redis'])
      const [, directory] = await says(/data in (\S+), removed at the end/)
      const [, url] = await says(/export REDIS_URL='(redis:[^']+)'/)
      const cache = await openRedisStateCache({ urls: [url!], topology: 'single' })
      assert.equal(await cache.stamp('t'), null)
      await cache.close()
      child.kill('SIGINT')
      assert.deepEqual((await ended)[0], 0)
      assert.equal(existsSync(directory!), false)
      assert.equal(await listens(Number(new URL(url!).port)), false)
    },
  )

  test('what is given is used and not started', async t => {
    const { child, said, says, ended } = services(t, ['--only', 'redis'], { REDIS_URL: 'redis://elsewhere:6379' })
    await says(/redis: given by REDIS_URL/)
    await says(/Ctrl-C stops what was started/)
    child.kill('SIGTERM')
    await ended
    assert.equal(said.out, '')
  })

  test('a service that there is not, and a number of brokers that cannot be, are refused by name', async t => {
    const one = services(t, ['--only', 'redis,rabbit'])
    assert.deepEqual([(await one.ended)[0], one.said.err], [1, "there is no service 'rabbit': kafka, registry, redis, postgres\n"])
    const other = services(t, ['--brokers', '2'])
    assert.deepEqual([(await other.ended)[0], other.said.err], [1, "--brokers is '2': 1 or 3\n"])
  })
})
