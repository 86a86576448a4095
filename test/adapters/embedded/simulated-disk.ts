// A disk in memory that can stop, fail and forget: every operation is a point where the process may be killed or the power cut. After a power cut
// only what was synced is sure; of everything else any part may be there, in pieces.
import { basename, dirname, join } from 'node:path'
import type { Files, OpenFile } from '#lib/adapters/embedded/files.ts'

/** What survives of a write is decided in pieces of this size: small, so that frames are torn within. */
const PIECE = 64

/** Thrown by every operation once the process is dead. */
export class Killed extends Error {}

/** Numbers from 0 up to below 1, the same for the same seed (mulberry32). */
export function chances(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

type Change = { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer } | { readonly kind: 'truncate'; readonly size: number }
interface Inode {
  content: Buffer
  durable: Buffer
  unsynced: Change[]
}
export type Operation = 'list' | 'open' | 'write' | 'read' | 'sync' | 'truncate' | 'size' | 'remove' | 'syncDirectory'

const apply = (content: Buffer, change: Change): Buffer => {
  if (change.kind === 'truncate')
    return Buffer.concat([content.subarray(0, change.size), Buffer.alloc(Math.max(change.size - content.length, 0))])
  const grown = Buffer.concat([content, Buffer.alloc(Math.max(change.at + change.bytes.length - content.length, 0))])
  change.bytes.copy(grown, change.at)
  return grown
}

export class SimulatedDisk {
  #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  #generation = 0
  /** Operations since the start of the process. */
  steps = 0
  /** The operation at which the process dies; 'before' it has any effect, 'after' it has it, 'within' (a write) when some of it has. */
  killAt: { readonly step: number; readonly moment: 'before' | 'within' | 'after' } | null = null
  /** Called before every operation; what it throws is what the operation fails with. */
  fault: ((operation: Operation, path: string, bytes: number) => void) | null = null
  /** Awaited before every operation. */
  pause: ((operation: Operation, path: string) => Promise<void>) | null = null
  dead = false

  /** The process that is alive now; operations of earlier ones fail. */
  process(): Files {
    const generation = ++this.#generation
    this.dead = false
    this.steps = 0
    this.killAt = null
    const step = <T>(operation: Operation, path: string, effect: () => T, partial?: () => void, bytes = 0): Promise<T> =>
      this.#step(generation, operation, path, effect, partial, bytes)
    const opened = (path: string, inode: Inode): OpenFile => ({
      write: (buffers, position) => {
        const bytes = Buffer.concat(buffers)
        const write = (length: number): void => this.#change(inode, { kind: 'write', at: position, bytes: bytes.subarray(0, length) })
        return step(
          'write',
          path,
          () => write(bytes.length),
          () => write(bytes.length >> 1),
          bytes.length,
        )
      },
      read: (target, position) => step('read', path, () => inode.content.copy(target, 0, position)),
      sync: () =>
        step('sync', path, () => {
          inode.durable = inode.content
          inode.unsynced = []
        }),
      truncate: size => step('truncate', path, () => this.#change(inode, { kind: 'truncate', size })),
      size: () => step('size', path, () => inode.content.length),
      close: () => Promise.resolve(),
    })
    return {
      makeDirectory: () => Promise.resolve(),
      list: directory => step('list', directory, () => this.files(directory)),
      open: (path, how) =>
        step('open', path, () => {
          let inode = this.#names.get(path)
          if (inode === undefined) {
            if (how === 'existing') throw Object.assign(new Error(`no such file ${path}`), { code: 'ENOENT' })
            this.#names.set(path, (inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0), unsynced: [] }))
          } else if (how === 'create') this.#change(inode, { kind: 'truncate', size: 0 })
          return opened(path, inode)
        }),
      remove: path =>
        step('remove', path, () => {
          if (!this.#names.delete(path)) throw Object.assign(new Error(`no such file ${path}`), { code: 'ENOENT' })
        }),
      syncDirectory: directory =>
        step('syncDirectory', directory, () => {
          for (const path of [...this.#durableNames.keys()])
            if (dirname(path) === directory && !this.#names.has(path)) this.#durableNames.delete(path)
          for (const [path, inode] of this.#names) if (dirname(path) === directory) this.#durableNames.set(path, inode)
        }),
    }
  }

  /** kill -9: nothing that was written is lost. */
  killProcess(): void {
    this.#generation++
  }
  /** The power goes: of what was not synced, by chance some. */
  cutPower(chance: () => number): void {
    this.#generation++
    const inodes = new Set([...this.#names.values(), ...this.#durableNames.values()])
    for (const inode of inodes) {
      let content = inode.durable
      for (const change of inode.unsynced)
        if (change.kind === 'truncate') content = chance() < 0.5 ? apply(content, change) : content
        else
          for (let at = 0; at < change.bytes.length; at += PIECE)
            if (chance() < 0.6)
              content = apply(content, { kind: 'write', at: change.at + at, bytes: change.bytes.subarray(at, at + PIECE) })
      inode.content = inode.durable = content
      inode.unsynced = []
    }
    const names = new Map(this.#durableNames)
    for (const [path, inode] of this.#names) if (!names.has(path) && chance() < 0.5) names.set(path, inode)
    for (const path of this.#durableNames.keys()) if (!this.#names.has(path) && chance() < 0.5) names.delete(path)
    this.#names = names
    this.#durableNames = new Map(names)
  }

  files(directory: string): string[] {
    return [...this.#names.keys()].filter(path => dirname(path) === directory).map(path => basename(path))
  }
  /** The content of a file, to look at or to damage. */
  content(path: string): Buffer {
    return this.#names.get(path)!.content
  }
  put(path: string, content: Buffer): void {
    this.#names.set(path, { content, durable: content, unsynced: [] })
    this.#durableNames.set(path, this.#names.get(path)!)
  }
  delete(path: string): void {
    this.#names.delete(path)
    this.#durableNames.delete(path)
  }
  /** Files of a directory with their contents. */
  snapshot(directory: string): Map<string, Buffer> {
    return new Map(this.files(directory).map(name => [join(directory, name), Buffer.from(this.content(join(directory, name)))]))
  }
  restore(files: ReadonlyMap<string, Buffer>): void {
    this.#names.clear()
    this.#durableNames.clear()
    for (const [path, content] of files) this.put(path, Buffer.from(content))
  }

  #change(inode: Inode, change: Change): void {
    inode.content = apply(inode.content, change)
    inode.unsynced.push(change)
  }
  async #step<T>(
    generation: number,
    operation: Operation,
    path: string,
    effect: () => T,
    partial: (() => void) | undefined,
    bytes: number,
  ): Promise<T> {
    await (this.pause?.(operation, path) ?? Promise.resolve())
    if (generation !== this.#generation || this.dead) throw new Killed()
    this.steps++
    const killed = this.killAt?.step === this.steps ? this.killAt.moment : null
    if (killed !== null) {
      this.dead = true
      if (killed === 'within') partial?.()
      if (killed === 'after') effect()
      throw new Killed()
    }
    this.fault?.(operation, path, bytes)
    const result = effect()
    await Promise.resolve()
    return result
  }
}
