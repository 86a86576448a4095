// An Avro schema after parsing: names resolved, references replaced by what they refer to, defaults checked.
import type { Decimal } from '../model/decimal.ts'

export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes'

/** A logical type that is valid where it stands; unknown ones are dropped, as the specification asks. */
export type Logical = { readonly name: 'decimal'; readonly precision: number; readonly scale: number } | { readonly name: PlainLogical }
export type PlainLogical = keyof typeof PLAIN_LOGICALS

/** Logical types that keep the value of the type beneath, with the types that they may annotate. */
export const PLAIN_LOGICALS = {
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
  uuid: ['string', 'fixed'],
  duration: ['fixed'],
} as const satisfies Record<string, readonly string[]>

export interface PrimitiveType {
  readonly kind: PrimitiveKind
  readonly logical: Logical | null
  /** `"as": "bigint"` on a long. */
  readonly bigint: boolean
}
interface Named {
  /** With its namespace. */
  readonly name: string
  readonly aliases: readonly string[]
  readonly doc: string | null
}
export interface FixedType extends Named {
  readonly kind: 'fixed'
  readonly size: number
  readonly logical: Logical | null
}
export interface EnumType extends Named {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
  /** What a reader takes for a symbol that it does not know. */
  readonly fallback: string | null
}
export interface ArrayType {
  readonly kind: 'array'
  readonly items: AvroType
}
export interface MapType {
  readonly kind: 'map'
  readonly values: AvroType
}
export interface UnionType {
  readonly kind: 'union'
  readonly branches: readonly AvroType[]
}
export interface RecordField {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: AvroType
  /** The default as the schema's JSON has it, in a box because `null` is one. */
  readonly default: { readonly json: unknown } | null
  readonly doc: string | null
}
export interface RecordType extends Named {
  readonly kind: 'record'
  /** Filled while parsing: a record may contain itself. */
  readonly fields: readonly RecordField[]
}
export type NamedType = RecordType | EnumType | FixedType
export type AvroType = PrimitiveType | FixedType | EnumType | ArrayType | MapType | UnionType | RecordType

/** How Avro types become JavaScript values. `PLAIN` is what processors see; the other words keep what plain values cannot tell. */
export interface Mapping {
  /** 'number': a long beyond ±(2^53 − 1) is refused unless its type says `"as": "bigint"`; 'bigint': every long is one. */
  readonly longs: 'number' | 'bigint'
  /** 'applied': decimals are `Decimal`; 'raw': the type beneath. */
  readonly logicalTypes: 'applied' | 'raw'
  /** 'wrapped': a union of several non-null branches is `{ branch: value }`. */
  readonly unions: 'plain' | 'wrapped'
}
export const PLAIN: Mapping = { longs: 'number', logicalTypes: 'applied', unions: 'plain' }
/** Every bit of the data: for tests and tools. */
export const EXACT: Mapping = { longs: 'bigint', logicalTypes: 'raw', unions: 'wrapped' }

/** Values nested deeper than this are refused, read or written: recursion must end before the stack does. */
export const DEEPEST = 1_000

export const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
export const logicalOf = (type: AvroType): Logical | null => ('logical' in type ? type.logical : null)
/** The decimal that a type stands for under a mapping, or null. */
export function decimalOf(type: AvroType, mapping: Mapping): { readonly precision: number; readonly scale: Decimal['decimals'] } | null {
  const logical = logicalOf(type)
  return mapping.logicalTypes === 'applied' && logical?.name === 'decimal' ? logical : null
}
/** What a union calls a branch: the full name of a named type, else its kind. */
export const branchName = (type: AvroType): string => ('name' in type ? type.name : type.kind)
/** A union that a mapping wraps: more than one branch that is not null. */
export const isWrapped = (union: UnionType, mapping: Mapping): boolean =>
  mapping.unions === 'wrapped' && union.branches.filter(branch => branch.kind !== 'null').length > 1

const least = new WeakMap<RecordType, number>()
/** The fewest bytes that a value of the type takes. */
export function leastBytes(type: AvroType): number {
  switch (type.kind) {
    case 'null':
      return 0
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return type.size
    case 'union':
      return 1 + Math.min(...type.branches.map(leastBytes))
    case 'record': {
      const known = least.get(type)
      if (known !== undefined) return known
      // a record that must contain itself has no values; 0 only while its own sum is open
      least.set(type, 0)
      const sum = type.fields.reduce((bytes, field) => bytes + leastBytes(field.type), 0)
      least.set(type, sum)
      return sum
    }
    default:
      return 1
  }
}

/** The records that a type holds in more than one place, themselves included: what may recurse. */
export function sharedRecords(type: AvroType): ReadonlySet<RecordType> {
  const seen = new Set<RecordType>()
  const shared = new Set<RecordType>()
  const visit = (t: AvroType): void => {
    if (t.kind === 'array') visit(t.items)
    else if (t.kind === 'map') visit(t.values)
    else if (t.kind === 'union') t.branches.forEach(visit)
    else if (t.kind === 'record') {
      if (seen.has(t)) shared.add(t)
      else {
        seen.add(t)
        for (const field of t.fields) visit(field.type)
      }
    }
  }
  visit(type)
  return shared
}
