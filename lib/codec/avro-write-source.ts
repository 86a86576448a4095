// A schema → the JavaScript source of its writer. In it: `a` the arena, `c` the cursor, `v` the value in hand. Runs of fields whose size is
// bounded by what they are (numbers, strings, enums, nullable ones of these) make room once and are written through `b` and `p`.
import { MillraceError } from '../model/errors.ts'
import { branchPicker } from './avro-branch.ts'
import { defaultSource } from './avro-default.ts'
import type { AvroType, Mapping, RecordField, RecordType, UnionType } from './avro-model.ts'
import { branchName, decimalOf, DEEPEST, isWrapped, sharedRecords, shortName } from './avro-model.ts'
import { described, joined } from './avro-resolve.ts'

export interface WriteSource {
  readonly source: string
  /** What the source calls `k[i]`. */
  readonly constants: readonly unknown[]
}

export function writeSourceOf(type: AvroType, mapping: Mapping): WriteSource {
  const writer = new SourceWriter(type, mapping)
  writer.writer(type)
  return { source: writer.functions.join('\n'), constants: writer.constants }
}

/** A value that `put` writes at `p` after `check` accepted it and `room` bytes were made. */
interface Scalar {
  readonly check: string
  readonly put: string
  /** Bytes at most, whatever the value. */
  readonly fixed: number
  /** Source of a further number of bytes, or null. */
  readonly more: string | null
}

class SourceWriter {
  readonly functions: string[] = []
  readonly constants: unknown[] = []
  readonly #mapping: Mapping
  readonly #shared: ReadonlySet<RecordType>
  readonly #records = new Map<RecordType, string>()
  #names = 0
  constructor(type: AvroType, mapping: Mapping) {
    this.#mapping = mapping
    this.#shared = sharedRecords(type)
  }

  writer(type: AvroType): void {
    const body = `c.depth=0;let b,p;${this.#value(type, 'v', '')}`
    const guarded = `try{${body}}catch(x){if(x instanceof RangeError&&x.message.includes('call stack'))c.deep('');throw x}`
    this.functions.push(`return function write(v,a){${this.#shared.size > 0 ? guarded : body}}`)
  }

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }
  #constant(value: unknown): string {
    this.constants.push(value)
    return `k[${this.constants.length - 1}]`
  }

  /** Statements that write the value of the expression `x`, a name. */
  #value(type: AvroType, x: string, path: string): string {
    const scalar = this.#scalar(type, x, path)
    return scalar === null ? this.#large(type, x, path) : scalar.check + run([scalar])
  }

  #scalar(type: AvroType, x: string, path: string): Scalar | null {
    const at = JSON.stringify(path)
    const check = (bad: string, needed: string): string => `if(${bad})c.refuse(${at},${JSON.stringify(needed)},${x});`
    switch (type.kind) {
      case 'null':
        return { check: check(`${x}!==null`, 'null'), put: '', fixed: 0, more: null }
      case 'boolean':
        return { check: check(`typeof ${x}!=='boolean'`, 'a boolean'), put: `b[p++]=${x}?1:0;`, fixed: 1, more: null }
      case 'int': {
        const n = this.#name('n')
        const loop = `while(${n}&-128){b[p++]=${n}&127|128;${n}>>>=7}b[p++]=${n};`
        return {
          check: check(`typeof ${x}!=='number'||(${x}|0)!==${x}`, 'an integer of 32 bits'),
          put: `let ${n}=(${x}<<1)^(${x}>>31);${loop}`,
          fixed: 5,
          more: null,
        }
      }
      case 'long':
        if (this.#mapping.longs === 'bigint' || type.bigint) {
          const bad = `typeof ${x}!=='bigint'||BigInt.asIntN(64,${x})!==${x}`
          return { check: check(bad, 'a bigint of 64 bits'), put: `p=c.big(b,p,${x});`, fixed: 10, more: null }
        }
        return {
          check: check(`!Number.isSafeInteger(${x})`, 'an integer from −(2^53 − 1) to 2^53 − 1'),
          put: `if(${x}>=-64&&${x}<64)b[p++]=(${x}<<1)^(${x}>>31);else p=c.long(b,p,${x});`,
          fixed: 10,
          more: null,
        }
      case 'float': {
        const overflow = `c.wrong(${at},'a number beyond the range of a float')`
        return {
          check: `${check(`typeof ${x}!=='number'`, 'a number')}if(Number.isFinite(${x})&&!Number.isFinite(Math.fround(${x})))${overflow};`,
          put: `f4[0]=${x};${copied(4)}`,
          fixed: 4,
          more: null,
        }
      }
      case 'double':
        return { check: check(`typeof ${x}!=='number'`, 'a number'), put: `f8[0]=${x};${copied(8)}`, fixed: 8, more: null }
      case 'string':
        return { check: check(`typeof ${x}!=='string'`, 'a string'), put: `p=c.text(b,p,${x},${at});`, fixed: 5, more: `${x}.length` }
      case 'enum': {
        const n = this.#name('n')
        const index = this.#constant(new Map(type.symbols.map((symbol, i) => [symbol, i])))
        const needed = `a symbol of the enum '${type.name}'`
        const put = type.symbols.length <= 64 ? `b[p++]=${n}<<1;` : `p=c.long(b,p,${n});`
        return { check: `const ${n}=${index}.get(${x});${check(`${n}===undefined`, needed)}`, put, fixed: 10, more: null }
      }
      case 'union':
        return this.#nullableScalar(type, x, path)
      default:
        return null
    }
  }

  #nullableScalar(type: UnionType, x: string, path: string): Scalar | null {
    const other = nullableBranch(type)
    const inner = other === null ? null : this.#scalar(type.branches[other]!, x, path)
    if (inner === null || inner.check.startsWith('const ')) return null
    return {
      check: `if(${x}!==null){${inner.check}}`,
      put: `if(${x}===null)b[p++]=${other === 0 ? 2 : 0};else{b[p++]=${other === 0 ? 0 : 2};${inner.put}}`,
      fixed: 1 + inner.fixed,
      more: inner.more === null ? null : `(${x}===null?0:${inner.more})`,
    }
  }

  #large(type: AvroType, x: string, path: string): string {
    const at = JSON.stringify(path)
    switch (type.kind) {
      case 'bytes':
      case 'fixed': {
        const decimal = decimalOf(type, this.#mapping)
        const size = type.kind === 'fixed' ? type.size : null
        if (decimal === null) return size === null ? `c.bytes(a,${x},${at});` : `c.fixed(a,${x},${size},${at});`
        return `c.decimal(a,${x},${size},${decimal.scale},${this.#constant(10n ** BigInt(decimal.precision))},${at});`
      }
      case 'array': {
        const i = this.#name('i')
        const item = this.#name('x')
        const each = `for(let ${i}=0;${i}<${x}.length;${i}++){const ${item}=${x}[${i}];${this.#value(type.items, item, `${path}[]`)}}`
        return `if(!Array.isArray(${x}))c.refuse(${at},'an array',${x});if(${x}.length>0){${count(`${x}.length`)}${each}}a.byte(0);`
      }
      case 'map': {
        const keys = this.#name('k')
        const key = this.#name('x')
        const item = this.#name('x')
        const name = this.#value({ kind: 'string', logical: null, bigint: false }, key, `${path}{}`)
        const each = `for(const ${key} of ${keys}){${name}const ${item}=${x}[${key}];${this.#value(type.values, item, `${path}{}`)}}`
        const check = `if(!plain(${x}))c.refuse(${at},'a plain object',${x});const ${keys}=Object.keys(${x});`
        return `${check}if(${keys}.length>0){${count(`${keys}.length`)}${each}}a.byte(0);`
      }
      case 'union':
        return this.#union(type, x, path)
      case 'record':
        return `${this.#recordFunction(type, path)}(${x},a);`
      default:
        throw new MillraceError('INTERNAL', `a ${type.kind} is a scalar`)
    }
  }

  #union(type: UnionType, x: string, path: string): string {
    const other = nullableBranch(type)
    if (other !== null) {
      const [none, some] = other === 0 ? [2, 0] : [0, 2]
      return `if(${x}===null)a.byte(${none});else{a.byte(${some});${this.#value(type.branches[other]!, x, path)}}`
    }
    const n = this.#name('n')
    const wrapped = isWrapped(type, this.#mapping)
    const pick = wrapped ? wrappedPicker(type) : branchPicker(type, this.#mapping)
    const cases = type.branches.map((branch, index) => {
      const inner = wrapped && branch.kind !== 'null' ? this.#name('x') : x
      const unwrap = inner === x ? '' : `const ${inner}=${x}[${JSON.stringify(branchName(branch))}];`
      return `case ${index}:{${unwrap}${this.#value(branch, inner, path)}break}`
    })
    const needed = JSON.stringify(`a value of ${described(type)}${wrapped ? ' as { branch: value }' : ''}`)
    const refuse = `if(${n}<0)c.refuse(${JSON.stringify(path)},${needed},${x});`
    return `const ${n}=${this.#constant(pick)}(${x});${refuse}a.varint(${n}*2);switch(${n}){${cases.join('')}}`
  }

  #recordFunction(type: RecordType, path: string): string {
    const known = this.#records.get(type)
    if (known !== undefined) return known
    const name = this.#name('w')
    this.#records.set(type, name)
    const shared = this.#shared.has(type)
    const base = shared ? shortName(type.name) : path
    const at = JSON.stringify(base)
    const names = this.#constant(new Set(type.fields.map(field => field.name)))
    const code = [`if(!plain(v))c.refuse(${at},${JSON.stringify(described(type))},v);`]
    // as many properties as fields, and no field is undefined: then no property is unknown
    code.push(`let n=0;for(const _ in v)n++;if(n!==${type.fields.length})c.unknown(v,${names},${at});let b,p;`)
    let batch: Scalar[] = []
    for (const field of type.fields) {
      const x = this.#name('x')
      code.push(this.#load(field, x, base, names))
      const scalar = this.#scalar(field.type, x, joined(base, field.name))
      if (scalar !== null) {
        code.push(scalar.check)
        batch.push(scalar)
      } else {
        code.push(run(batch), this.#large(field.type, x, joined(base, field.name)))
        batch = []
      }
    }
    code.push(run(batch))
    const body = shared ? `if(++c.depth>${DEEPEST})c.deep(${at});${code.join('')}c.depth--;` : code.join('')
    this.functions.push(`function ${name}(v,a){${body}}`)
    return name
  }

  #load(field: RecordField, x: string, base: string, names: string): string {
    const key = JSON.stringify(field.name)
    const read = field.name in Object.prototype ? `(Object.hasOwn(v,${key})?v[${key}]:undefined)` : `v[${key}]`
    const path = JSON.stringify(joined(base, field.name))
    if (field.default === null) return `const ${x}=${read};if(${x}===undefined)c.missing(${path});`
    const source = defaultSource(field.type, field.default.json, this.#mapping)
    return `let ${x}=${read};if(${x}===undefined){c.unknown(v,${names},${JSON.stringify(base)});${x}=${source}}`
  }
}

/** The index of the branch beside null in a union of two, or null. */
function nullableBranch(type: UnionType): 0 | 1 | null {
  if (type.branches.length !== 2) return null
  return type.branches[0]!.kind === 'null' ? 1 : type.branches[1]!.kind === 'null' ? 0 : null
}

function wrappedPicker(type: UnionType): (value: unknown) => number {
  const index = new Map(type.branches.map((branch, i) => [branchName(branch), i]))
  return value => {
    if (value === null) return index.get('null') ?? -1
    const keys = typeof value === 'object' ? Object.keys(value) : []
    return keys.length === 1 && keys[0] !== 'null' ? (index.get(keys[0]!) ?? -1) : -1
  }
}

const copied = (bytes: number): string => `${Array.from({ length: bytes }, (_, i) => `b[p+${i}]=y[${i}];`).join('')}p+=${bytes};`
/** The count of a block of items, as a long. */
const count = (n: string): string => `a.varint(${n}*2);`
/** Makes room for a run of scalars and writes them. */
function run(scalars: readonly Scalar[]): string {
  const fixed = scalars.reduce((sum, scalar) => sum + scalar.fixed, 0)
  const more = scalars.flatMap(scalar => (scalar.more === null ? [] : [scalar.more]))
  if (fixed === 0) return ''
  const room = more.length === 0 ? `${fixed}` : `${fixed}+3*(${more.join('+')})`
  return `a.reserve(${room});b=a.bytes;p=a.at;${scalars.map(scalar => scalar.put).join('')}a.at=p;`
}
