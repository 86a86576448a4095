// The command line as a user has it: the launcher in a process of its own, nothing of this process's environment in the way.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../app/millrace.mjs', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface Given {
  /** Working directory, where .env is looked for. Default: an empty one. */
  readonly cwd?: string
  readonly variables?: Readonly<Record<string, string>>
}

/** A place for the files of one test file. */
export function place(after: (done: () => void) => void): string {
  const made = mkdtempSync(join(tmpdir(), 'millrace-e2e-'))
  after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** Nobody's settings but the test's own. */
const environment = (variables: Given['variables']): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(MILLRACE_|NODE_TEST|NO_COLOR|FORCE_COLOR|KAFKA_|REDIS_|POSTGRES_|SCHEMA_)/.test(name),
    ),
  ),
  ...variables,
})

export class Millrace {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  #out = ''
  #err = ''
  #listeners: (() => void)[] = []
  constructor(args: readonly string[], given: Given = {}) {
    this.child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: given.cwd ?? tmpdir(),
      env: environment(given.variables),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#heard(() => (this.#out += text)))
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => this.#heard(() => (this.#err += text)))
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      this.#heard(() => {})
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, out: this.#out, err: this.#err }
    })
  }
  get out(): string {
    return this.#out
  }
  get err(): string {
    return this.#err
  }
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }
  /** Resolves when output or errors match; rejects when the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#out) ?? pattern.exec(this.#err)
        const over = this.child.exitCode !== null || this.child.signalCode !== null
        if (match === null && !over) return
        this.#listeners = this.#listeners.filter(l => l !== look)
        if (match !== null) resolve(match)
        else
          reject(
            new Error(`ended with ${this.child.exitCode ?? this.child.signalCode} before it said ${pattern}:\n${this.#out}${this.#err}`),
          )
      }
      this.#listeners.push(look)
      look()
    })
  }
  #heard(keep: () => void): void {
    keep()
    for (const listener of [...this.#listeners]) listener()
  }
}

/** Runs one command line to its end. */
export const millrace = (args: readonly string[], given?: Given): Promise<Ended> => new Millrace(args, given).ended

/** The rows of a query, as JSON objects. */
export async function queried(data: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { code, out, err } = await millrace(['query', sql, '--format', 'json', '--data', data])
  if (code !== 0) throw new Error(err)
  return JSON.parse(out) as readonly Readonly<Record<string, unknown>>[]
}

/** What a person sees: no stack, no ANSI. */
export const isCalm = (text: string): boolean => !/\n\s+at |\u001b/.test(text)
