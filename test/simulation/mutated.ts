// Loads the simulation once more, with a mutant's changes in the source of the engine: a copy of lib/ of its own, told apart by its URLs.
import { registerHooks } from 'node:module'
import { mutants } from './mutants/list.ts'
import { changed } from './mutants/mutant.ts'

type Proof = typeof import('#lib/testing/simulation/proof/run.ts')

const LIB = new URL('../../lib/', import.meta.url).href
const RUN = `${LIB}testing/simulation/proof/run.ts`
const MARK = '?mutant='
/** Whose copy a module is part of; null: of the engine as it is. */
const mutantOf = (url: string | undefined): string | null =>
  url?.startsWith(LIB) === true && url.includes(MARK) ? url.slice(url.indexOf(MARK) + MARK.length) : null

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const mutant = mutantOf(context.parentURL)
    return mutant !== null && resolved.url.startsWith(LIB) ? { ...resolved, url: resolved.url + MARK + mutant } : resolved
  },
  load(url, context, next) {
    const loaded = next(url, context)
    const mutant = mutants.find(m => m.name === mutantOf(url))
    const file = url.slice(LIB.length, url.indexOf(MARK))
    const changes = mutant?.changes.filter(c => c.file === file) ?? []
    if (changes.length === 0) return loaded
    return { ...loaded, source: changes.reduce((text, change) => changed(text, change, mutant!.name), String(loaded.source)) }
  },
})

/** The proof over the engine that a mutant makes; over the engine as it is for null. */
export const proofWith = (mutant: string | null): Promise<Proof> => import(mutant === null ? RUN : RUN + MARK + mutant) as Promise<Proof>
