// A mutant: the engine with one rule broken. It is a change of source text, so that the engine itself knows nothing of it and nobody can switch it on.

/** A place in the source, found by its text, and what stands there instead. */
export interface Change {
  /** Below `lib/`. */
  readonly file: string
  /** Must occur exactly once; how it is broken into lines does not matter. */
  readonly is: string
  readonly becomes: string
}

export interface Mutant {
  readonly name: string
  /** The rule that it breaks, by its number in exactly-once.md or semantics.md. */
  readonly rule: string
  /** What the broken engine does. */
  readonly does: string
  /** Invariants whose violation counts as having found it; an engine that merely crashes is no proof. */
  readonly violates: readonly string[]
  readonly changes: readonly Change[]
}

/** `source` with the change made. @throws when its place is not there exactly once: the code has moved on, and the mutant must follow */
export function changed(source: string, { file, is, becomes }: Change, mutant: string): string {
  const places = [...source.matchAll(new RegExp(is.trim().split(/\s+/).map(escaped).join('\\s+'), 'g'))]
  if (places.length !== 1) {
    throw new Error(
      `mutant '${mutant}' does not fit any more: lib/${file} has ${places.length} places with\n  ${is.trim()}\nWhere the rule is obeyed now, let the mutant break it there (test/simulation/mutants)`,
    )
  }
  const { index, 0: found } = places[0]!
  return source.slice(0, index) + becomes + source.slice(index + found.length)
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
