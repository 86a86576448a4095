// Source of what steps over a value: lengths, counts and indices are checked, contents are not looked at. Also the parts that reading shares.
import { MillraceError } from '../model/errors.ts'
import type { AvroType, RecordType } from './avro-model.ts'
import { DEEPEST, leastBytes, shortName } from './avro-model.ts'
import { joined } from './avro-resolve.ts'

/** Collects the source of functions. In it: `b` the bytes, `p` the position, `e` the end, `c` the cursor. */
export class SkipSource {
  readonly functions: string[] = []
  /** The statements of the function in hand. */
  protected code: string[] = []
  /** Some function may call itself. */
  protected recursive = false
  readonly #skips = new Map<RecordType, string>()
  #names = 0

  protected name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }
  protected add(code: string): void {
    this.code.push(code)
  }
  protected varint(kind: 'int' | 'long' | 'big' | 'size', at: string): string {
    const v = this.name('v')
    const small = kind === 'big' ? `BigInt((${v}>>>1)^-(${v}&1))` : `(${v}>>>1)^-(${v}&1)`
    this.add(`if(p>=e)c.ended(${at},p);let ${v}=b[p++];if(${v}>127){${v}=c.${kind}(b,p,e,${v},${at});p=c.at}else ${v}=${small};`)
    return v
  }
  protected length(at: string): string {
    const n = this.varint('size', at)
    this.add(`if(${n}<0||${n}>e-p)c.length(${at},p,${n});`)
    return n
  }
  protected branches<T>(branches: readonly T[], at: string, each: (branch: T) => void): void {
    const n = this.varint('size', at)
    this.add(`switch(${n}){`)
    for (const [index, branch] of branches.entries()) {
      this.add(`case ${index}:{`)
      each(branch)
      this.add('break}')
    }
    this.add(`default:c.index(${at},p,'branch',${n},${branches.length})}`)
  }

  protected jump(bytes: number, at: string): void {
    this.add(`if(e-p<${bytes})c.ended(${at},p);p+=${bytes};`)
  }
  protected skip(type: AvroType, path: string): void {
    const at = JSON.stringify(path)
    const size = fixedSize(type)
    if (size !== null) {
      if (size > 0) this.jump(size, at)
      return
    }
    switch (type.kind) {
      case 'int':
      case 'long':
        this.add(`p=c.skipVarint(b,p,e,${type.kind === 'int' ? 5 : 10},${at});`)
        break
      case 'string':
      case 'bytes':
        this.add(`p+=${this.length(at)};`)
        break
      case 'enum': {
        const n = this.varint('int', at)
        this.add(`if(${n}<0||${n}>=${type.symbols.length})c.index(${at},p,'symbol',${n},${type.symbols.length});`)
        break
      }
      case 'array':
        this.#skipBlocks(leastBytes(type.items), at, () => this.skip(type.items, `${path}[]`))
        break
      case 'map':
        this.#skipBlocks(1, at, () => {
          this.add(`p+=${this.length(at)};`)
          this.skip(type.values, `${path}{}`)
        })
        break
      case 'union':
        this.branches(type.branches, at, branch => this.skip(branch, path))
        break
      case 'record':
        this.add(`p=${this.#skipFunction(type)}(b,p,e);`)
        break
      default:
        throw new MillraceError('INTERNAL', `a ${type.kind} has a fixed size`)
    }
  }
  /** Blocks that say their size are not looked into. */
  #skipBlocks(least: number, at: string, item: () => void): void {
    const i = this.name('i')
    this.add('for(;;){')
    const n = this.varint('size', at)
    this.add(`if(${n}===0)break;if(${n}<0){`)
    const size = this.length(at)
    this.add(`p+=${size};continue}`)
    if (least === 0) this.add(`c.empties(${at},p,${n});`)
    else this.add(`if(${n}*${least}>e-p)c.count(${at},p,${n});`)
    this.add(`for(let ${i}=0;${i}<${n};${i}++){`)
    item()
    this.add('}}')
  }
  #skipFunction(type: RecordType): string {
    const known = this.#skips.get(type)
    if (known !== undefined) return known
    const name = this.name('s')
    this.#skips.set(type, name)
    const outer = this.code
    this.code = []
    const base = shortName(type.name)
    for (const field of type.fields) this.skip(field.type, joined(base, field.name))
    const code = this.code.join('')
    this.code = outer
    this.recursive = true
    this.functions.push(`function ${name}(b,p,e){if(++c.depth>${DEEPEST})c.deep(${JSON.stringify(base)});${code}c.depth--;return p}`)
    return name
  }
}

/** The size of every value of a type, null when they differ. Booleans are left out: theirs is checked when read, one byte when skipped. */
export function fixedSize(type: AvroType): number | null {
  switch (type.kind) {
    case 'null':
      return 0
    case 'boolean':
      return 1
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return type.size
    default:
      return null
  }
}
