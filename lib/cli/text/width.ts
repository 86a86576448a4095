// How many columns of a terminal a text takes, and texts made to fit. ANSI sequences of our own take none.
import { stripVTControlCharacters } from 'node:util'

const TAKES_NONE = /[\p{Mn}\p{Me}\p{Cf}]/u
/** East Asian Wide and Fullwidth blocks, and pictographs (Unicode Standard Annex 11). */
const TAKES_TWO =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]/u

const ASCII = /^[\x20-\x7E]*$/

export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const c of stripVTControlCharacters(text)) width += TAKES_NONE.test(c) ? 0 : TAKES_TWO.test(c) ? 2 : 1
  return width
}

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text

/** At most `width` columns of a plain text (one without ANSI sequences); what is cut off is said by `…`. */
export function fitted(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let fits = ''
  let used = 0
  for (const c of text) {
    used += widthOf(c)
    if (used > width - 1) break
    fits += c
  }
  return `${fits}…`
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A value of unknown origin on one line: control characters, also those that would command the terminal, become visible. */
export const harmless = (text: string): string =>
  text.replace(CONTROL, c => NAMED[c] ?? `\\u${c.codePointAt(0)!.toString(16).padStart(4, '0')}`)
