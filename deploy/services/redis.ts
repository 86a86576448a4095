// A Redis server from the system's package, as a state cache needs it: it appends every write to a file and evicts nothing.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon, freePorts, listens } from './daemon.ts'
import { onPath } from './on-path.ts'

export const redisServer = (): string | null => onPath('redis-server')

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly daemon: Daemon
}

/** @param options lines of redis.conf as arguments, e.g. `['--requirepass', 'secret']`; they win over ours. */
export async function startRedis(directory: string, options: readonly string[] = []): Promise<RedisServer> {
  const command = redisServer()
  if (command === null) throw new Error('redis-server is not installed')
  const [port] = await freePorts(1)
  mkdirSync(directory, { recursive: true })
  const ours = ['--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction']
  const daemon = new Daemon({
    command,
    args: ['--port', String(port), ...ours, ...options],
    log: join(directory, 'redis.log'),
    serves: () => listens(options.includes('--tls-port') ? Number(options[options.indexOf('--tls-port') + 1]) : port!),
  })
  await daemon.start()
  return { url: `redis://127.0.0.1:${port}`, port: port!, daemon }
}
