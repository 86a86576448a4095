// An Avro schema → TypeScript source: interfaces for records, unions of literals for enums, and the schema itself. The types are those of
// `FromAvro`, but with names that errors and editors can show, and without its limits on recursion and namespaces.
import type { AvroSchema } from '../model/avro-type.ts'
import { MillraceError } from '../model/errors.ts'
import type { AvroType, EnumType, RecordType } from './avro-model.ts'
import { decimalOf, PLAIN, shortName } from './avro-model.ts'
import { parseSchema } from './avro-schema.ts'

export interface TypesOptions {
  /** Name of the `.avsc` file: in the first line, and the name of a schema that has none of its own. */
  readonly file: string
  /** Where `Decimal` is imported from. */
  readonly decimalFrom: string
}

/** Names that mean something in the generated source already. */
const TAKEN = [
  'Decimal',
  'Record',
  'Uint8Array',
  'Array',
  'const',
  'any',
  'unknown',
  'never',
  'number',
  'object',
  'symbol',
  'undefined',
  'bigint',
]

/** The same text for the same schema. @throws SCHEMA_INVALID */
export function typesSourceOf(schema: AvroSchema, options: TypesOptions): string {
  const type = parseSchema(schema, 'own')
  const source = new TypesSource(type, pascal(options.file.replace(/\.avsc$/, '')))
  const parts = [`// Generated from ${options.file} by \`millrace types\`; edit that file and run it again.`]
  const body = source.declarations()
  if (source.usesDecimal) parts.push(`import type { Decimal } from ${quoted(options.decimalFrom)}\n`)
  parts.push(...body, `/** As in ${options.file}. */\nexport const ${source.root}Schema = ${literal(schema, '')} as const\n`)
  return parts.join('\n')
}

class TypesSource {
  usesDecimal = false
  readonly root: string
  readonly #type: AvroType
  readonly #names = new Map<AvroType, string>()
  readonly #order: (RecordType | EnumType)[] = []
  constructor(type: AvroType, fileName: string) {
    this.#type = type
    this.#visit(type)
    this.root = this.#names.get(type) ?? fileName
    if (!this.#names.has(type)) this.#claim(fileName, 'the schema itself')
  }

  #claim(name: string, of: string): void {
    const other = [...this.#names.values()].find(taken => taken === name || taken === `${name}Schema` || `${taken}Schema` === name)
    if (other === undefined && !TAKEN.includes(name)) return
    const reason = other === undefined ? `'${name}' means something else in TypeScript` : `it would be named as '${other}' is`
    throw new MillraceError('SCHEMA_INVALID', `no TypeScript type can be made for '${of}': ${reason}; rename it`)
  }

  declarations(): string[] {
    const named = this.#order.map(type => this.#declaration(type))
    // a root without a name of its own gets the file's
    return this.#names.has(this.#type) ? named : [`export type ${this.root} = ${this.#text(this.#type)}\n`, ...named]
  }

  #visit(type: AvroType): void {
    if (type.kind === 'array') this.#visit(type.items)
    else if (type.kind === 'map') this.#visit(type.values)
    else if (type.kind === 'union') for (const branch of type.branches) this.#visit(branch)
    else if ((type.kind === 'record' || type.kind === 'enum') && !this.#names.has(type)) {
      const name = shortName(type.name)
      this.#claim(name, type.name)
      this.#names.set(type, name)
      this.#order.push(type)
      if (type.kind === 'record') for (const field of type.fields) this.#visit(field.type)
    }
  }

  #declaration(type: RecordType | EnumType): string {
    const name = this.#names.get(type)!
    if (type.kind === 'enum') return `${comment(type.doc, '')}export type ${name} = ${type.symbols.map(quoted).join(' | ')}\n`
    const fields = type.fields.map(field => `${comment(field.doc, '  ')}  ${field.name}: ${this.#text(field.type)}\n`)
    return `${comment(type.doc, '')}export interface ${name} {\n${fields.join('')}}\n`
  }

  #text(type: AvroType): string {
    switch (type.kind) {
      case 'null':
      case 'boolean':
      case 'string':
        return type.kind
      case 'int':
      case 'float':
      case 'double':
        return 'number'
      case 'long':
        return type.bigint ? 'bigint' : 'number'
      case 'bytes':
      case 'fixed': {
        const decimal = decimalOf(type, PLAIN)
        if (decimal === null) return 'Uint8Array'
        this.usesDecimal = true
        return `Decimal<${decimal.scale}>`
      }
      case 'array': {
        const items = this.#text(type.items)
        return type.items.kind === 'union' && items.includes(' | ') ? `(${items})[]` : `${items}[]`
      }
      case 'map':
        return `Record<string, ${this.#text(type.values)}>`
      case 'union': {
        const branches = type.branches.map(branch => this.#text(branch))
        // null last, as people write it
        const ordered = [...branches.filter(text => text !== 'null'), ...branches.filter(text => text === 'null')]
        return [...new Set(ordered)].join(' | ')
      }
      default:
        return this.#names.get(type)!
    }
  }
}

const comment = (doc: string | null, indent: string): string => {
  if (doc === null || doc.trim() === '') return ''
  const lines = doc
    .trim()
    .replaceAll('*/', '*\\/')
    .split(/\s*\r?\n\s*/)
  return lines.length === 1
    ? `${indent}/** ${lines[0]} */\n`
    : `${indent}/**\n${lines.map(line => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}

const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map(word => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
    .replace(/^(?=[0-9]|$)/, 'Avro')

const quoted = (text: string): string => `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/
const WIDTH = 140

/** A JSON value as TypeScript: on one line while it fits. */
function literal(json: unknown, indent: string): string {
  if (typeof json === 'string') return quoted(json)
  if (typeof json !== 'object' || json === null) return JSON.stringify(json)
  const inner = `${indent}  `
  const parts = Array.isArray(json)
    ? json.map(item => literal(item, inner))
    : Object.entries(json).map(([key, value]) => `${keyText(key)}: ${literal(value, inner)}`)
  const [open, close] = Array.isArray(json) ? ['[', ']'] : ['{ ', ' }']
  if (parts.length === 0) return open.trim() + close.trim()
  const line = `${open}${parts.join(', ')}${close}`
  if (!line.includes('\n') && indent.length + line.length < WIDTH - 20) return line
  return `${open.trim()}\n${parts.map(part => `${inner}${part},\n`).join('')}${indent}${close.trim()}`
}
/** `__proto__: x` in a literal is not a property. */
const keyText = (key: string): string => (key === '__proto__' ? `['__proto__']` : IDENTIFIER.test(key) ? key : quoted(key))
