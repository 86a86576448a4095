// Writer's schema + reader's schema → a plan of what to do with each value (specification, "Schema Resolution"). Everything that can be
// decided from the schemas is decided here; what is left for the data is a branch or a symbol that the reader does not know.
import { MillraceError } from '../model/errors.ts'
import { defaultSource } from './avro-default.ts'
import { branchFor, isPromotion, isSameName, logicalConflict, writerFieldsOf } from './avro-match.ts'
import type { AvroType, EnumType, Mapping, RecordType, UnionType } from './avro-model.ts'
import { branchName, decimalOf, isWrapped, leastBytes } from './avro-model.ts'

export type Plan =
  | { readonly op: 'null' | 'boolean' | 'float' | 'double' | 'string' }
  /** `to`: a JavaScript number, a bigint, or a number rounded as float32 or (beyond 2^53) to a double. */
  | { readonly op: 'int' | 'long'; readonly to: 'number' | 'bigint' | 'float' | 'double' }
  | { readonly op: 'bytes'; readonly size: number | null }
  | { readonly op: 'decimal'; readonly size: number | null; readonly precision: number; readonly scale: number }
  /** By the writer's index; null where the reader has neither the symbol nor a fallback. */
  | { readonly op: 'enum'; readonly name: string; readonly symbols: readonly (string | null)[]; readonly known: readonly string[] }
  | { readonly op: 'array'; readonly items: Plan; readonly least: number }
  | { readonly op: 'map'; readonly values: Plan }
  | { readonly op: 'union'; readonly branches: readonly Plan[] }
  | { readonly op: 'wrap'; readonly branch: string; readonly plan: Plan }
  | { readonly op: 'refuse'; readonly why: string }
  | RecordPlan

export interface RecordPlan {
  readonly op: 'record'
  readonly name: string
  /** Used from more than one place, perhaps from within itself. */
  shared: boolean
  /** In the writer's order; a field that the reader leaves out is skipped. */
  readonly steps: ({ readonly field: string; readonly plan: Plan } | { readonly field: string; readonly skip: AvroType })[]
  /** The properties of the value, in the reader's order: read by a step, or source of a default. */
  readonly result: { readonly field: string; readonly from: 'step' | { readonly source: string } }[]
}

/**
 * @param fields top-level fields of the reader to materialise
 * @throws SCHEMA_INCOMPATIBLE naming the first field that no value can be read into
 */
export function resolve(writer: AvroType, reader: AvroType, fields: ReadonlySet<string> | 'all', mapping: Mapping): Plan {
  const resolver = new Resolver(mapping)
  if (fields === 'all' || reader.kind !== 'record') return resolver.plan(writer, reader, '')
  return resolver.projected(writer, reader, fields)
}

class Resolver {
  readonly #mapping: Mapping
  #records = new Map<RecordType, Map<RecordType, RecordPlan>>()
  constructor(mapping: Mapping) {
    this.#mapping = mapping
  }

  plan(w: AvroType, r: AvroType, path: string): Plan {
    if (w.kind === 'union') return this.#writerUnion(w, r, path)
    if (r.kind === 'union') return this.#readerUnion(w, r, path)
    if (w.kind !== r.kind && !isPromotion(r, w)) throw incompatible(path, `${described(w)} is not read as ${described(r)}`)
    if ('name' in w && 'name' in r && !isSameName(r, w)) throw incompatible(path, `'${w.name}' is not read as '${r.name}'`)
    const conflict = logicalConflict(r, w, this.#mapping)
    if (conflict !== null) throw incompatible(path, conflict)
    switch (r.kind) {
      case 'null':
      case 'boolean':
        return { op: r.kind }
      case 'int':
        return { op: 'int', to: 'number' }
      case 'long':
        return { op: w.kind as 'int' | 'long', to: this.#mapping.longs === 'bigint' || r.bigint ? 'bigint' : 'number' }
      case 'float':
        return w.kind === 'float' ? { op: 'float' } : { op: w.kind as 'int' | 'long', to: 'float' }
      case 'double':
        return w.kind === 'float' || w.kind === 'double' ? { op: w.kind } : { op: w.kind as 'int' | 'long', to: 'double' }
      case 'string':
        return { op: 'string' }
      case 'bytes':
      case 'fixed': {
        const size = r.kind === 'fixed' ? r.size : null
        if (w.kind === 'fixed' && w.size !== size) throw incompatible(path, `a fixed of ${w.size} bytes is not read as one of ${size}`)
        const decimal = decimalOf(r, this.#mapping)
        return decimal === null ? { op: 'bytes', size } : { op: 'decimal', size, precision: decimal.precision, scale: decimal.scale }
      }
      case 'enum':
        return enumPlan(w as EnumType, r, path)
      case 'array': {
        const { items } = w as typeof r
        return { op: 'array', items: this.plan(items, r.items, `${path}[]`), least: leastBytes(items) }
      }
      case 'map':
        return { op: 'map', values: this.plan((w as typeof r).values, r.values, `${path}{}`) }
      case 'record':
        return this.#record(w as RecordType, r, path)
    }
  }

  projected(w: AvroType, r: RecordType, fields: ReadonlySet<string>): Plan {
    if (w.kind === 'union') return this.#eachBranch(w, r, '', branch => this.projected(branch, r, fields))
    if (w.kind !== 'record' || !isSameName(r, w)) return this.plan(w, r, '')
    const plan: RecordPlan = { op: 'record', name: r.name, shared: false, steps: [], result: [] }
    this.#fields(plan, w, r, '', fields)
    return plan
  }

  #writerUnion(w: UnionType, r: AvroType, path: string): Plan {
    return this.#eachBranch(w, r, path, branch => this.plan(branch, r, path))
  }

  /** A branch that the reader cannot take is an error of the data that uses it; none that it can is one of the schemas. */
  #eachBranch(w: UnionType, r: AvroType, path: string, plan: (branch: AvroType) => Plan): Plan {
    const failed: MillraceError[] = []
    const branches = w.branches.map((branch): Plan => {
      const kept = this.#copyOfRecords()
      try {
        return plan(branch)
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'SCHEMA_INCOMPATIBLE') throw error
        // plans made inside the failed branch may lean on it
        this.#records = kept
        failed.push(error)
        return { op: 'refuse', why: error.message }
      }
    })
    if (failed.length === branches.length) {
      // a branch of the right type that fails further down says more
      throw failed.find(error => PATHS.get(error) !== path) ?? incompatible(path, `no branch of ${described(w)} is read as ${described(r)}`)
    }
    return { op: 'union', branches }
  }

  #readerUnion(w: AvroType, r: UnionType, path: string): Plan {
    const branch = r.branches[branchFor(r, w)]
    if (branch === undefined) throw incompatible(path, `${described(w)} is not read as ${described(r)}`)
    const plan = this.plan(w, branch, path)
    return isWrapped(r, this.#mapping) && branch.kind !== 'null' ? { op: 'wrap', branch: branchName(branch), plan } : plan
  }

  #record(w: RecordType, r: RecordType, path: string): Plan {
    const known = this.#records.get(w)?.get(r)
    if (known !== undefined) {
      known.shared = true
      return known
    }
    const plan: RecordPlan = { op: 'record', name: r.name, shared: false, steps: [], result: [] }
    const of = this.#records.get(w) ?? new Map<RecordType, RecordPlan>()
    this.#records.set(w, of.set(r, plan))
    this.#fields(plan, w, r, path, 'all')
    return plan
  }

  #fields(plan: RecordPlan, w: RecordType, r: RecordType, path: string, wanted: ReadonlySet<string> | 'all'): void {
    const taken = new Map<string, { readonly field: string; readonly type: AvroType }>()
    for (const [field, from] of writerFieldsOf(r, w)) {
      const at = joined(path, field.name)
      const isWanted = wanted === 'all' || wanted.has(field.name)
      if (from !== null) {
        const other = taken.get(from.name)
        if (other !== undefined) throw incompatible(at, `it would take the writer's field '${from.name}', which '${other.field}' takes`)
        taken.set(from.name, { field: field.name, type: field.type })
        if (isWanted) plan.result.push({ field: field.name, from: 'step' })
      } else if (field.default === null) {
        throw incompatible(at, `the writer's '${w.name}' has no such field and the reader's has no default`)
      } else if (isWanted) {
        plan.result.push({ field: field.name, from: { source: defaultSource(field.type, field.default.json, this.#mapping) } })
      }
    }
    for (const field of w.fields) {
      const to = taken.get(field.name)
      const into = to === undefined ? null : this.plan(field.type, to.type, joined(path, to.field))
      // a field that nobody asked for must be readable too: which pairs are refused may not depend on the projection
      if (into === null || !(wanted === 'all' || wanted.has(to!.field))) plan.steps.push({ field: field.name, skip: field.type })
      else plan.steps.push({ field: to!.field, plan: into })
    }
  }

  #copyOfRecords(): Map<RecordType, Map<RecordType, RecordPlan>> {
    return new Map([...this.#records].map(([writer, of]) => [writer, new Map(of)]))
  }
}

function enumPlan(w: EnumType, r: EnumType, path: string): Plan {
  const known = new Set(r.symbols)
  const symbols = w.symbols.map(symbol => (known.has(symbol) ? symbol : r.fallback))
  if (symbols.every(symbol => symbol === null)) throw incompatible(path, `the enum '${r.name}' has no symbol of the writer's`)
  return { op: 'enum', name: r.name, symbols, known: w.symbols }
}

export const joined = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`)
/** A type in words, for messages. */
export function described(type: AvroType): string {
  if (type.kind === 'union') return `[${type.branches.map(branchName).join(', ')}]`
  return 'name' in type ? `${type.kind} '${type.name}'` : type.kind
}
const PATHS = new WeakMap<MillraceError, string>()
function incompatible(path: string, why: string): MillraceError {
  const error = new MillraceError('SCHEMA_INCOMPATIBLE', `${path === '' ? 'the value' : `field '${path}'`} cannot be read: ${why}`)
  PATHS.set(error, path)
  return error
}
