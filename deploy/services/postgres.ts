// A PostgreSQL server from the system's package, in a directory of its own.
import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Daemon, freePorts } from './daemon.ts'
import { onPath } from './on-path.ts'

const DEBIAN = '/usr/lib/postgresql'

/** The folder of its programs: on the path, or where Debian puts them; the newest version. Null when there is none. */
export function postgresPrograms(): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const initdb = onPath(
    'initdb',
    versions.map(v => join(DEBIAN, v, 'bin')),
  )
  return initdb === null ? null : dirname(realpathSync(initdb))
}

export interface PostgresServer {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly daemon: Daemon
}

/** The server refuses to run as root: it runs as the package's user then. */
function userOf(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** @param settings lines of postgresql.conf, e.g. `{ fsync: 'off' }` */
export async function startPostgres(directory: string, settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const programs = postgresPrograms()
  if (programs === null) throw new Error('PostgreSQL is not installed')
  const [port] = await freePorts(1)
  const user = userOf()
  const data = join(directory, 'data')
  const [name, password] = ['millrace', 'millrace']
  mkdirSync(directory, { recursive: true })
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const secret = join(directory, 'password')
    writeFileSync(secret, `${password}\n`, { mode: 0o600 })
    if (user !== undefined) chownSync(secret, user.uid, user.gid)
    const form = ['-U', name, '-A', 'scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', `--pwfile=${secret}`]
    execFileSync(join(programs, 'initdb'), ['-D', data, ...form], { cwd: directory, stdio: 'ignore', ...user })
    rmSync(secret)
  }
  const options = Object.entries({ listen_addresses: '127.0.0.1', unix_socket_directories: directory, ...settings })
  const daemon = new Daemon({
    command: join(programs, 'postgres'),
    args: ['-D', data, '-p', String(port), ...options.flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    cwd: directory,
    ...(user && { user }),
    log: join(directory, 'postgres.log'),
    serves: async () => {
      execFileSync(join(programs, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port), '-U', name], { stdio: 'ignore' })
      return true
    },
    signal: 'SIGINT', // "fast": sessions are ended, nothing is lost
  })
  await daemon.start()
  return { host: '127.0.0.1', port: port!, database: 'postgres', user: name, password, daemon }
}

/** Makes an empty database. */
export function createDatabase({ host, port, user, password }: PostgresServer, name: string): void {
  const to = ['-h', host, '-p', String(port), '-U', user]
  execFileSync(join(postgresPrograms()!, 'createdb'), [...to, name], { env: { ...process.env, PGPASSWORD: password }, stdio: 'ignore' })
}
