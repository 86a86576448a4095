// Files of a test's own, and all that a feed of them gives, in a form that compares.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { type FileFeedOptions, openFileFeed } from '#lib/adapters/file/file-feed.ts'
import { type ErrorCode, isMillraceError, type MillraceError } from '#lib/model/errors.ts'
import type { RecordBatch } from '#lib/model/record-batch.ts'
import type { FeedReader } from '#lib/ports/feed.ts'

export interface Folder {
  readonly path: string
  /** Writes a file and returns its path. */
  write(name: string, content: string | Uint8Array): string
  dispose(): void
}
export function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'millrace-files-'))
  return {
    path,
    write(name, content) {
      const file = join(path, name)
      writeFileSync(file, content)
      return file
    },
    dispose: () => rmSync(path, { recursive: true, force: true }),
  }
}
export function folderOf(t: TestContext): Folder {
  const made = folder()
  t.after(() => made.dispose())
  return made
}

export interface Given {
  readonly offset: number
  readonly value: string
  readonly file: string
  readonly line: number
  /** Of a refused row. */
  readonly error?: string
}

export function givenOf(batch: RecordBatch): Given[] {
  return Array.from({ length: batch.count }, (_, i) => {
    assert.equal(batch.key(i), null)
    assert.equal(batch.time(i), 0)
    const header = (name: string): string | undefined => {
      const value = batch.headers(i).get(name)
      return value === undefined ? undefined : Buffer.from(value).toString('utf8')
    }
    const error = header('error')
    return {
      offset: batch.offset(i),
      value: batch.value(i)!.toString('utf8'),
      file: header('file')!,
      line: Number(header('line')),
      ...(error === undefined ? {} : { error }),
    }
  })
}

/** Reads until the end or an error, which comes back as the last word. */
export async function readOn(
  reader: FeedReader,
  maxBytes = 1 << 20,
): Promise<{ given: Given[]; error: MillraceError | null; next: number }> {
  const given: Given[] = []
  let next = 0
  while (!reader.ended) {
    try {
      const fetched = await reader.fetch(maxBytes)
      next = fetched.next
      for (const batch of fetched.batches) given.push(...givenOf(batch))
    } catch (error) {
      if (!isMillraceError(error)) throw error
      reader.close()
      return { given, error, next }
    }
  }
  reader.close()
  return { given, error: null, next }
}

export type Options = Omit<FileFeedOptions, 'name'>
export const feedOf = (options: Options) => openFileFeed({ name: 'input', ...options })

/** All records of files that can be read to their end. */
export async function recordsOf(options: Options, maxBytes?: number): Promise<Given[]> {
  const { given, error } = await readOn(await feedOf(options).open(0, null), maxBytes)
  if (error !== null) throw error
  return given
}
export const csvRecords = (file: string, more: Partial<Options> = {}): Promise<Given[]> =>
  recordsOf({ files: [file], format: 'csv', ...more })

/** Asserts the code, and that the message names the file. */
export function isRefusal(error: unknown, code: ErrorCode, file: string, what: RegExp = /./): true {
  assert.ok(isMillraceError(error), String(error))
  assert.equal(error.code, code, error.message)
  assert.ok(error.message.includes(basename(file)), error.message)
  assert.match(error.message, what)
  return true
}
