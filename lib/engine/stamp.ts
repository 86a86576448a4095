// The cache's stamp as text: which meta of which ledger it reflects, or that an APPLY is half way between two (exactly-once.md §1).
export type Stamp =
  | { readonly kind: 'clean'; readonly ledgerId: string; readonly at: number }
  | {
      readonly kind: 'dirty'
      readonly ledgerId: string
      readonly from: number
      readonly to: number
      readonly nonce: string
      readonly call: number
    }

export const cleanStamp = (ledgerId: string, at: number): string => `${ledgerId}:${at}`
export const dirtyStamp = (ledgerId: string, from: number, to: number, nonce: string, call: number): string =>
  `${ledgerId}:dirty:${from}:${to}:${nonce}:${call}`

/** Null for anything that is no stamp of ours. */
export function stampOf(text: string | null): Stamp | null {
  if (text === null) return null
  const clean = /^([^:]+):(\d+)$/.exec(text)
  if (clean !== null) return { kind: 'clean', ledgerId: clean[1]!, at: Number(clean[2]) }
  const dirty = /^([^:]+):dirty:(-1|\d+):(\d+):([^:]+):(\d+)$/.exec(text)
  if (dirty === null) return null
  return { kind: 'dirty', ledgerId: dirty[1]!, from: Number(dirty[2]), to: Number(dirty[3]), nonce: dirty[4]!, call: Number(dirty[5]) }
}
