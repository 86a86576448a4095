// A server as a child process: started, waited for until it serves, stopped by its pid. Nothing that was not started here is ever stopped.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Whose rights it runs with; not ours where a server refuses to be root. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Everything that it says. */
  readonly log: string
  /** Whether it serves; asked again and again. */
  readonly serves: () => Promise<boolean>
  /** How it is asked to end. */
  readonly signal?: NodeJS.Signals
  readonly patienceMs?: number
}

export class Daemon {
  readonly #program: Program
  #child: ChildProcess | null = null

  constructor(program: Program) {
    this.#program = program
  }
  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.#program.command} does not run`)
    return this.#child.pid
  }

  /** Starts it, again after an end, and resolves once it serves. @throws with the end of its log when it ends or does not serve in time */
  async start(): Promise<void> {
    const { command, args, env, cwd, user, log, serves, patienceMs = 60_000 } = this.#program
    mkdirSync(dirname(log), { recursive: true })
    const out = openSync(log, 'a')
    const child = spawn(command, args, { stdio: ['ignore', out, out], env: { ...process.env, ...env }, ...(cwd && { cwd }), ...user })
    closeSync(out)
    this.#child = child
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => reject(new Error(`${command} ended (${signal ?? code}):\n${this.#logsEnd()}`)))
    })
    failed.catch(() => {})
    const deadline = performance.now() + patienceMs
    while (!(await Promise.race([serves().catch(() => false), failed]))) {
      if (performance.now() > deadline) {
        await this.kill()
        throw new Error(`${command} does not serve after ${patienceMs / 1000} s:\n${this.#logsEnd()}`)
      }
      await sleep(20)
    }
  }

  /** Asks it to end and waits; kills it when it takes too long. */
  async stop(): Promise<void> {
    await this.#end(this.#program.signal ?? 'SIGTERM')
  }
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }
  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }
  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    const patience = new AbortController()
    const tooLong = sleep(20_000, 'late', { signal: patience.signal }).catch(() => 'in time')
    if ((await Promise.race([ended, tooLong])) === 'late') child.kill('SIGKILL')
    patience.abort()
    await ended
  }
  #logsEnd(): string {
    return readFileSync(this.#program.log, 'utf8').slice(-2_000)
  }
}

/** Below the range from which the system takes ports for outgoing connections: nobody else is given one between our look and its use. */
const [LOWEST, HIGHEST] = [20_000, 32_000]

/** Ports of this machine that nothing listens on now, each once in the life of this process. */
export async function freePorts(n: number): Promise<readonly number[]> {
  const ports: number[] = []
  while (ports.length < n) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      ports.push(port)
    }
  }
  return ports
}
const given = new Set<number>()
const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** Whether somebody accepts connections on a port of this machine. */
export const listens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
