import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRedisStateCache, type RedisStateCache } from '#lib/adapters/redis/state-cache.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { stateCacheConformance } from '#lib/testing/conformance/state-cache.ts'
import { freePorts } from '../../../deploy/services/daemon.ts'
import { type RedisServer, redisServer, startRedis } from '../../../deploy/services/redis.ts'
import { certificates } from '../../services/certificates.ts'
import { coded } from '../../services/coded.ts'
import { needs } from '../../services/required.ts'
import { clusterOfOne, rawClient } from './raw-client.ts'

const MINUTE = 60_000
const home = mkdtempSync(join(tmpdir(), 'millrace-redis-'))
const running: RedisServer[] = []
async function redis(name: string, options: readonly string[] = []): Promise<RedisServer> {
  const server = await startRedis(join(home, name), options)
  running.push(server)
  return server
}
const single = (url: string) => openRedisStateCache({ urls: [url], topology: 'single', timeoutMs: 2_000 })
const entry = (key: string, value: string | null) => ({
  store: 's',
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
})
const call = (expect: string | null, stamp: string, ...entries: ReturnType<typeof entry>[]) => ({
  expect,
  landed: [stamp],
  stamp,
  replace: false,
  entries,
})

describe('Redis', { timeout: 2 * MINUTE, ...needs('redis-server', redisServer()) }, () => {
  let plain: RedisServer
  let cluster: RedisServer
  before(async () => {
    plain = await redis('plain')
    cluster = await redis('cluster', ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
    await clusterOfOne(cluster)
  })
  after(async () => {
    await Promise.all(running.map(({ daemon }) => daemon.stop()))
    rmSync(home, { recursive: true })
  })

  stateCacheConformance('redis', async () => {
    const cache = await single(plain.url)
    return { cache, dispose: () => cache.close() }
  })
  stateCacheConformance('redis cluster', async () => {
    const cache = await openRedisStateCache({ urls: [cluster.url], topology: 'cluster' })
    return { cache, dispose: () => cache.close() }
  })

  test('a call larger than one command of Lua takes is one call still', async () => {
    const cache = await single(plain.url)
    const keys = Array.from({ length: 30_000 }, (_, i) => `key-${i}`)
    assert.equal(await cache.apply('big', call(null, '1', ...keys.map(k => entry(k, `of ${k}`)))), 'applied')
    const { stamp, values } = await cache.read(
      'big',
      's',
      keys.map(k => Buffer.from(k)),
    )
    assert.equal(stamp, '1')
    assert.deepEqual(
      values.map(v => v!.toString()),
      keys.map(k => `of ${k}`),
    )
    assert.equal(await cache.apply('big', call('1', '2', ...keys.map(k => entry(k, null)))), 'applied')
    assert.deepEqual({ ...(await cache.counts('big')).counts }, {})
    await cache.close()
  })

  test('nothing of a task is left after a wipe, and nothing of another is touched', async () => {
    const cache = await single(plain.url)
    const client = rawClient(plain.port)
    await cache.apply('left', call(null, '1', entry('k', 'v')))
    assert.deepEqual((await client('KEYS', 'millrace:{left}:*')).sort(), [
      'millrace:{left}:stamp',
      'millrace:{left}:stores',
      'millrace:{left}:stores:s',
    ])
    await cache.apply('left', call('1', '2', entry('k', null)))
    assert.deepEqual(await client('KEYS', 'millrace:{left}:*'), ['millrace:{left}:stamp'], 'an empty store leaves no name behind')
    await cache.wipe('left', '2')
    assert.deepEqual(await client('KEYS', 'millrace:{left}:*'), [])
    await cache.close()
  })

  describe('F6: a server that must not be used', () => {
    test('one that may evict is refused at the start, with what to do', async () => {
      const { url } = await redis('evicts', ['--maxmemory-policy', 'allkeys-lru'])
      await assert.rejects(single(url), coded('CACHE_EVICTS', /maxmemory-policy allkeys-lru: it must be noeviction/))
    })
    test('one that may evict after it came back is refused by every call', async () => {
      const { url, port, daemon } = await redis('turned')
      const cache = await single(url)
      const client = rawClient(port)
      await client('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
      await client('CONFIG', 'REWRITE').catch(() => []) // without a file the next start has the policy of the arguments
      await client('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no').catch(() => [])
      await assert.rejects(
        async () => {
          for (let i = 0; i < 200; i++) {
            await cache.stamp('t').catch(error => {
              if (isMillraceError(error) && error.code === 'CACHE_UNAVAILABLE') return
              throw error
            })
            await sleep(20)
          }
        },
        coded('CACHE_EVICTS', /volatile-lru/),
      )
      assert.ok(daemon.pid > 0)
      await cache.close()
    })
    test('a wrong password, and a user without rights, are told as such and never shown', async () => {
      const { url, port } = await redis('locked', [
        '--requirepass',
        'the-secret',
        '--user',
        'reader',
        'on',
        '>pass',
        '~*',
        '&*',
        '-@all',
        '+info',
        '+ping',
      ])
      await assert.rejects(single(url), coded('CACHE_REFUSED', /NOAUTH/))
      await assert.rejects(single(`redis://:wrong-one@127.0.0.1:${port}`), error => {
        coded('CACHE_REFUSED', /WRONGPASS/)(error)
        assert.doesNotMatch(String(error), /wrong-one/)
        return true
      })
      const cache = await single(`redis://reader:pass@127.0.0.1:${port}`)
      await assert.rejects(cache.stamp('t'), coded('CACHE_REFUSED', /NOPERM/))
      await cache.close()
      await (await single(`redis://:the-secret@127.0.0.1:${port}`)).close()
    })
    test('TLS: a certificate of an authority that is not known is refused, and one that is given is trusted', async () => {
      const { ca, cert, key, files } = certificates(join(home, 'certificates'))
      const [tls] = await freePorts(1)
      const pem = ['--tls-cert-file', files.cert, '--tls-key-file', files.key, '--tls-ca-cert-file', files.ca]
      await redis('tls', ['--tls-port', String(tls), ...pem])
      const at = { urls: [`rediss://localhost:${tls}`], topology: 'single' } as const
      await assert.rejects(openRedisStateCache(at), coded('CACHE_UNAVAILABLE', /certificate/))
      await assert.rejects(openRedisStateCache({ ...at, tls: { ca } }), coded('CACHE_UNAVAILABLE', /Redis/)) // it asks for ours
      const cache = await openRedisStateCache({ ...at, tls: { ca, cert, key } })
      assert.equal(await cache.stamp('t'), null)
      await cache.close()
    })
    test('a cluster that has not all of its slots', async () => {
      const { url } = await redis('slotless', ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])
      const asked = openRedisStateCache({ urls: [url], topology: 'cluster', timeoutMs: 1_000 })
      await assert.rejects(asked, coded('CACHE_UNAVAILABLE', /Redis/))
    })
    test('no server at all, and an address that is none', async () => {
      const [port] = await freePorts(1)
      await assert.rejects(single(`redis://127.0.0.1:${port}`), coded('CACHE_UNAVAILABLE', /ECONNREFUSED/))
      for (const url of ['localhost:6379', 'http://127.0.0.1', 'redis://', 'redis://h/x'])
        await assert.rejects(single(url), coded('OPTION_INVALID', /is not redis:\/\//))
    })
  })

  describe('F6: a server that fails', () => {
    let server: RedisServer
    let cache: RedisStateCache
    before(async () => {
      server = await redis('fails')
      cache = await single(server.url)
      await cache.apply('t', call(null, '1', entry('k', 'v')))
    })
    after(() => cache.close())
    const served = async (): Promise<string | null> => {
      for (;;) {
        try {
          return await cache.stamp('t')
        } catch (error) {
          coded('CACHE_UNAVAILABLE', /Redis/)(error)
          await sleep(20)
        }
      }
    }
    test('while it is gone every call says so at once; when it is back the same cache goes on with what was written', async () => {
      await server.daemon.kill()
      for (let i = 0; i < 3; i++) await assert.rejects(cache.read('t', 's', [Buffer.from('k')]), coded('CACHE_UNAVAILABLE', /Redis/))
      await server.daemon.start()
      assert.equal(await served(), '1')
    })
    test('a call that it does not answer is given up, and is not sent again by itself', async () => {
      server.daemon.pause()
      await assert.rejects(cache.apply('t', call('1', '2', entry('k', 'w'))), coded('CACHE_UNAVAILABLE', /timed out/))
      server.daemon.resume()
      assert.match((await served()) ?? '', /^[12]$/) // it may have happened
      assert.match(await cache.apply('t', call('1', '2', entry('k', 'w'))), /^(applied|landed)$/)
    })
    test('a full memory writes nothing of a call, and loses nothing', async () => {
      const client = rawClient(server.port)
      await client('CONFIG', 'SET', 'maxmemory', '1')
      await assert.rejects(cache.apply('t', call('2', '3', entry('k', 'x'))), coded('CACHE_UNAVAILABLE', /OOM.*memory is full/s))
      await client('CONFIG', 'SET', 'maxmemory', '0')
      const { stamp, values } = await cache.read('t', 's', [Buffer.from('k')])
      assert.deepEqual([stamp, values[0]!.toString()], ['2', 'w'])
    })
    test('an emptied server is an empty cache', async () => {
      await rawClient(server.port)('FLUSHALL')
      assert.deepEqual({ ...(await cache.counts('t')), counts: {} }, { stamp: null, counts: {} })
    })
  })
})
