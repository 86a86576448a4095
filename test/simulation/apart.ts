// Seeds in a thread of their own: node:test follows every promise that is made under it, which takes as long as the seeds themselves.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

interface Task {
  readonly module: string
  readonly name: string
  readonly given: readonly unknown[]
}

/** Calls the function that `module` exports under `name`; what goes in and out is copied. */
export function apart<R>(module: URL, name: string, ...given: readonly unknown[]): Promise<R> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { module: module.href, name, given } satisfies Task })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', code => reject(new Error(`the thread ended with ${code} and said nothing`)))
  })
}

/** Who makes seeds in parallel uses so many threads: test files run beside each other as well. */
export const THREADS = 2

/** Every so manieth of `list` for each thread. */
export const shares = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: THREADS }, (_, thread) => list.filter((_each, i) => i % THREADS === thread))

if (!isMainThread) {
  Error.stackTraceLimit = 0 // most errors are meant to happen, and a seed says where the others come from
  const { module, name, given } = workerData as Task
  const exported = (await import(module)) as Readonly<Record<string, (...given: readonly unknown[]) => unknown>>
  parentPort!.postMessage(await exported[name]!(...given))
}
