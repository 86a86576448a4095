// A plan → the JavaScript source of its reader. One function per record (V8 inlines the small ones); everything else in place. In it: `b` the
// bytes, `p` the position, `e` the end, `c` the cursor. Text from a schema enters the source only as a JSON string.
import { objectSource } from './avro-default.ts'
import { DEEPEST, shortName } from './avro-model.ts'
import type { Plan, RecordPlan } from './avro-resolve.ts'
import { joined } from './avro-resolve.ts'
import { fixedSize, SkipSource } from './avro-skip-source.ts'
import { SHORT_TEXT } from './short-text.ts'

export interface ReadSource {
  readonly source: string
  /** What the source calls `k[i]`. */
  readonly constants: readonly unknown[]
}

export function readSourceOf(plan: Plan): ReadSource {
  const writer = new SourceWriter()
  writer.reader(plan)
  return { source: writer.functions.join('\n'), constants: writer.constants }
}

class SourceWriter extends SkipSource {
  readonly constants: unknown[] = []
  readonly #records = new Map<RecordPlan, string>()

  reader(plan: Plan): void {
    const value = this.#value(plan, '')
    const body = `c.start=b0;c.end=e;c.depth=0;c.empty=0;let p=b0;${this.code.join('')}if(p!==e)c.trailing(p);return ${value};`
    const guarded = this.recursive ? `try{${body}}catch(x){if(x instanceof RangeError)c.deep('');throw x}` : body
    this.functions.push(`return function read(b,b0,e){${guarded}}`)
  }

  #constant(value: unknown): string {
    this.constants.push(value)
    return `k[${this.constants.length - 1}]`
  }

  /** Adds what reads a value; returns the expression that holds it afterwards. */
  #value(plan: Plan, path: string): string {
    const at = JSON.stringify(path)
    switch (plan.op) {
      case 'null':
        return 'null'
      case 'boolean': {
        const v = this.name('v')
        this.add(`if(p>=e)c.ended(${at},p);const ${v}=b[p++];if(${v}>1)c.wrong(${at},p-1,'a boolean that is neither 0 nor 1');`)
        return `${v}===1`
      }
      case 'int': {
        const v = this.varint('int', at)
        return plan.to === 'bigint' ? `BigInt(${v})` : plan.to === 'float' ? `Math.fround(${v})` : v
      }
      case 'long': {
        if (plan.to === 'number') return this.varint('long', at)
        const v = this.varint('big', at)
        return plan.to === 'bigint' ? v : plan.to === 'float' ? `c.float(${v})` : `Number(${v})`
      }
      case 'float': {
        const v = this.name('v')
        this.add(`if(e-p<4)c.ended(${at},p);${Array.from({ length: 4 }, (_, i) => `y[${i}]=b[p+${i}];`).join('')}const ${v}=f4[0];p+=4;`)
        return v
      }
      case 'double': {
        const v = this.name('v')
        this.add(`if(e-p<8)c.ended(${at},p);${Array.from({ length: 8 }, (_, i) => `y[${i}]=b[p+${i}];`).join('')}const ${v}=f8[0];p+=8;`)
        return v
      }
      case 'string': {
        const n = this.length(at)
        const v = this.name('v')
        const text = `c.text(b,p,${n},${at})`
        this.add(`const ${v}=${n}<=${SHORT_TEXT}?(short(b,p,${n})??${text}):${text};p+=${n};`)
        return v
      }
      case 'bytes':
        return this.#bytes(plan.size, at, n => `c.copy(b,p,${n})`)
      case 'decimal': {
        const limit = this.#constant(10n ** BigInt(plan.precision))
        return this.#bytes(plan.size, at, n => `c.decimal(b,p,${n},${limit},${plan.scale},${at})`)
      }
      case 'enum': {
        const n = this.varint('int', at)
        const v = this.name('v')
        const count = plan.symbols.length
        this.add(`if(${n}<0||${n}>=${count})c.index(${at},p,'symbol',${n},${count});const ${v}=${this.#constant(plan.symbols)}[${n}];`)
        if (plan.symbols.includes(null)) {
          const why = JSON.stringify(`the enum '${plan.name}' has no symbol `)
          this.add(`if(${v}===null)c.refuse(${at},${why}+"'"+${this.#constant(plan.known)}[${n}]+"'");`)
        }
        return v
      }
      case 'array': {
        const v = this.name('v')
        this.add(`const ${v}=[];`)
        this.#blocks(plan.least, at, () => this.add(`${v}.push(${this.#value(plan.items, `${path}[]`)});`))
        return v
      }
      case 'map': {
        const v = this.name('v')
        this.add(`const ${v}={};`)
        this.#blocks(1, at, () => {
          const key = this.#value({ op: 'string' }, `${path}{}`)
          const value = this.#value(plan.values, `${path}{}`)
          // assigning __proto__ would not make a property
          this.add(`if(${key}==='__proto__')own(${v},${key},${value});else ${v}[${key}]=${value};`)
        })
        return v
      }
      case 'union': {
        const v = this.name('v')
        this.add(`let ${v};`)
        this.branches(plan.branches, at, branch => this.add(`${v}=${this.#value(branch, path)};`))
        return v
      }
      case 'wrap':
        return objectSource([[plan.branch, this.#value(plan.plan, path)]])
      case 'refuse':
        this.add(`c.refuse(${at},${JSON.stringify(plan.why)});`)
        return 'null'
      case 'record': {
        const v = this.name('v')
        this.add(`const ${v}=${this.#recordFunction(plan, path)}(b,p,e);p=c.at;`)
        return v
      }
    }
  }

  #recordFunction(plan: RecordPlan, path: string): string {
    const known = this.#records.get(plan)
    if (known !== undefined) return known
    const name = this.name('r')
    this.#records.set(plan, name)
    const base = plan.shared ? shortName(plan.name) : path
    const outer = this.code
    this.code = []
    const values = new Map<string, string>()
    let skipped = 0
    for (const step of plan.steps) {
      const at = joined(base, step.field)
      const size = 'skip' in step ? fixedSize(step.skip) : null
      if (size !== null) skipped += size
      else {
        if (skipped > 0) this.jump(skipped, JSON.stringify(at))
        skipped = 0
        if ('skip' in step) this.skip(step.skip, at)
        else values.set(step.field, this.#value(step.plan, at))
      }
    }
    if (skipped > 0) this.jump(skipped, JSON.stringify(base))
    const value = literal(plan.result.map(r => [r.field, r.from === 'step' ? values.get(r.field)! : r.from.source]))
    const code = this.code.join('')
    this.code = outer
    if (plan.shared) {
      this.recursive = true
      this.functions.push(
        `function ${name}(b,p,e){if(++c.depth>${DEEPEST})c.deep(${JSON.stringify(base)});${code}c.depth--;c.at=p;return ${value}}`,
      )
    } else this.functions.push(`function ${name}(b,p,e){${code}c.at=p;return ${value}}`)
    return name
  }

  #bytes(size: number | null, at: string, make: (n: string | number) => string): string {
    const n = size ?? this.length(at)
    if (size !== null) this.add(`if(e-p<${size})c.ended(${at},p);`)
    const v = this.name('v')
    this.add(`const ${v}=${make(n)};p+=${n};`)
    return v
  }

  /** Blocks of items: a negative count is followed by the size of its block in bytes. */
  #blocks(least: number, at: string, item: () => void): void {
    const i = this.name('i')
    const stop = this.name('s')
    this.add('for(;;){')
    const n = this.varint('size', at)
    this.add(`if(${n}===0)break;let ${stop}=-1;if(${n}<0){${n}=-${n};`)
    const size = this.length(at)
    this.add(`${stop}=p+${size}}`)
    this.add(least === 0 ? `c.empties(${at},p,${n});` : `if(${n}*${least}>e-p)c.count(${at},p,${n});`)
    this.add(`for(let ${i}=0;${i}<${n};${i}++){`)
    item()
    this.add(`}if(${stop}>=0&&p!==${stop})c.block(${at},p)}`)
  }
}

/** An object literal with plain keys where they are properties, so that V8 makes it from one shape. */
const literal = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([key, source]) => (key === '__proto__' ? objectSource([[key, source]]).slice(1, -1) : `${JSON.stringify(key)}:${source}`)).join(',')}}`
