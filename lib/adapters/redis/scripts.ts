// The Lua scripts beside this file: what a task's cache does in one step. Each is a file of its own, so that it reads as what it is.
import { readFileSync } from 'node:fs'

const lua = (name: string): string => readFileSync(new URL(`${name}.lua`, import.meta.url), 'utf8')

/** Two keys each, both in the task's hash slot: its stamp and the names of its stores. */
export const SCRIPTS = {
  millraceApply: { lua: lua('apply'), numberOfKeys: 2 },
  millraceWipe: { lua: lua('wipe'), numberOfKeys: 2 },
  millraceRead: { lua: lua('read'), numberOfKeys: 2 },
  millraceScan: { lua: lua('scan'), numberOfKeys: 2 },
  millraceCounts: { lua: lua('counts'), numberOfKeys: 2 },
}

export type Argument = string | number | Uint8Array
/** What a client offers that knows the scripts: replies as bytes. */
export type Scripted = {
  readonly [S in keyof typeof SCRIPTS as `${S}Buffer`]: (...keysAndArguments: readonly Argument[]) => Promise<unknown>
}
