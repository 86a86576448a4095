// Where text stops being JSON (RFC 8259). JSON.parse knows but says so only sometimes, and then with a piece of the data. Only for text that
// JSON.parse refused.

const SPACE = /[ \t\n\r]*/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** 'item' may also be the end of an empty array, 'key' that of an empty object. */
type Expected = 'value' | 'item' | 'key' | 'next key' | 'colon' | 'comma'

/** The index of the first character that cannot stand where it stands; the length of the text when it only ends too early. */
export function faultIn(text: string): number {
  const open: ('{' | '[')[] = []
  let at = 0
  let expect = 'value' as Expected
  for (;;) {
    at = matchEnd(SPACE, text, at)
    const c = text[at]
    if (c === undefined) return at
    if (expect === 'colon') {
      if (c !== ':') return at
      at++
      expect = 'value'
    } else if (expect === 'comma' || (expect === 'item' && c === ']') || (expect === 'key' && c === '}')) {
      const inside = open.at(-1)
      if (inside === undefined) return at
      if (c === (inside === '{' ? '}' : ']')) {
        open.pop()
        expect = 'comma'
      } else if (c === ',' && expect === 'comma') expect = inside === '{' ? 'next key' : 'value'
      else return at
      at++
    } else if (c === '"') {
      const end = stringEnd(text, at + 1)
      if (end < 0) return -end
      at = end
      expect = expect === 'key' || expect === 'next key' ? 'colon' : 'comma'
    } else if (expect === 'key' || expect === 'next key') return at
    else if (c === '{' || c === '[') {
      open.push(c)
      at++
      expect = c === '{' ? 'key' : 'item'
    } else {
      const end = matchEnd(SCALAR, text, at)
      if (end === at) return at
      at = end
      expect = 'comma'
    }
  }
}

function matchEnd(form: RegExp, text: string, at: number): number {
  form.lastIndex = at
  return form.test(text) ? form.lastIndex : at
}

/** Behind the closing quote; negative: where the string is wrong or the text ends. */
function stringEnd(text: string, at: number): number {
  for (;;) {
    const c = text.charCodeAt(at)
    // NaN behind the end
    if (!(c >= 0x20)) return -at
    if (c === 0x22) return at + 1
    if (c === 0x5c) {
      const end = matchEnd(ESCAPE, text, at)
      if (end === at) return -at
      at = end
    } else at++
  }
}
