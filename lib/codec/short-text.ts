// Short ASCII strings without a call into C++: String.fromCharCode with as many arguments as there are bytes takes 13 to 50 ns for up to 28
// bytes, `buffer.toString` 60 to 70 (bench/codec.ts).
import { constants, isUtf8 } from 'node:buffer'

/** Strings of at most this many bytes are worth `shortText`. */
export const SHORT_TEXT = 28

/** The text of `n` ≤ SHORT_TEXT bytes at `p`; null when they are not all ASCII. */
export const shortText = compiled()

function compiled(): (bytes: Uint8Array, p: number, n: number) => string | null {
  const cases = Array.from({ length: SHORT_TEXT }, (_, i) => {
    const names = Array.from({ length: i + 1 }, (_, k) => `c${k}`)
    const loads = names.map((name, k) => `${name}=b[p+${k}]`)
    return `case ${i + 1}:{const ${loads.join(',')};return (${names.join('|')})>127?null:f(${names.join(',')})}`
  })
  const source = `'use strict';return function shortText(b,p,n){switch(n){case 0:return '';${cases.join('')}}return null}`
  return new Function('f', source)(String.fromCharCode)
}

/** Bytes that certainly fit one JavaScript string (2^29 − 24 in V8). */
export const LONGEST_TEXT = constants.MAX_STRING_LENGTH

/** Strict UTF-8, null when it is malformed: `toString` would put U+FFFD in its place. At most LONGEST_TEXT bytes. */
export function strictText(bytes: Buffer, start: number, end: number): string | null {
  const text = bytes.toString('utf8', start, end)
  return text.includes('\uFFFD') && !isUtf8(bytes.subarray(start, end)) ? null : text
}
