// Which branch of a union a plain value is written as. By what the value is in JavaScript; where several branches can be that, by the first in
// the schema's order that gives it back exactly (5 is an int before a double, 0.1 is a double even after a float); without one, by the first
// that takes it with rounding to a float or with defaults. Two records that both fit are not told apart: a reader of plain values sees the same
// whichever branch it was.
import { Decimal } from '../model/decimal.ts'
import type { AvroType, Mapping, RecordType, UnionType } from './avro-model.ts'
import { decimalOf } from './avro-model.ts'

type Kind = 'null' | 'boolean' | 'number' | 'bigint' | 'string' | 'bytes' | 'decimal' | 'array' | 'object' | 'none'

/** The index of the branch for a value, −1 when there is none. */
export function branchPicker(union: UnionType, mapping: Mapping): (value: unknown) => number {
  const byKind = new Map<Kind, { readonly index: number; readonly type: AvroType }[]>()
  const [exactly, somehow] = [fitTester(mapping, 'exactly'), fitTester(mapping, 'somehow')]
  for (const [index, branch] of union.branches.entries()) {
    const kind = kindFor(branch, mapping)
    byKind.set(kind, [...(byKind.get(kind) ?? []), { index, type: branch }])
  }
  return value => {
    const candidates = byKind.get(kindOf(value))
    if (candidates === undefined) return -1
    // alone, it is the one that was meant: its own error says more than ours
    if (candidates.length === 1) return candidates[0]!.index
    const found = candidates.find(({ type }) => exactly(type, value)) ?? candidates.find(({ type }) => somehow(type, value))
    return found?.index ?? -1
  }
}

export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return typeof value as Kind
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return 'array'
      if (value instanceof Uint8Array) return 'bytes'
      if (value instanceof Decimal) return 'decimal'
      return isPlainObject(value) ? 'object' : 'none'
    default:
      return 'none'
  }
}

function kindFor(type: AvroType, mapping: Mapping): Kind {
  switch (type.kind) {
    case 'long':
      return mapping.longs === 'bigint' || type.bigint ? 'bigint' : 'number'
    case 'int':
    case 'float':
    case 'double':
      return 'number'
    case 'string':
    case 'enum':
      return 'string'
    case 'bytes':
    case 'fixed':
      return decimalOf(type, mapping) === null ? 'bytes' : 'decimal'
    case 'map':
    case 'record':
      return 'object'
    case 'union':
      return 'none'
    default:
      return type.kind
  }
}

type Fit = (type: AvroType, value: unknown) => boolean

function fitTester(mapping: Mapping, how: 'exactly' | 'somehow'): Fit {
  const fits: Fit = (type, value) => {
    if (type.kind === 'union') return type.branches.some(branch => fits(branch, value))
    if (kindFor(type, mapping) !== kindOf(value)) return false
    switch (type.kind) {
      case 'int':
        return ((value as number) | 0) === value && !Object.is(value, -0)
      case 'long':
        return typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value) && !Object.is(value, -0)
      case 'float':
        return how === 'somehow' || Object.is(Math.fround(value as number), value)
      case 'enum':
        return type.symbols.includes(value as string)
      case 'bytes':
      case 'fixed': {
        const decimal = decimalOf(type, mapping)
        if (decimal !== null) return isWithin(value as Decimal, decimal.precision, decimal.scale)
        return type.kind !== 'fixed' || (value as Uint8Array).length === type.size
      }
      case 'array':
        return (value as unknown[]).every(item => fits(type.items, item))
      case 'map':
        return Object.values(value as object).every(item => fits(type.values, item))
      case 'record':
        return fitsRecord(type, value as Record<string, unknown>, fits, how)
      default:
        return true
    }
  }
  return fits
}

function fitsRecord(type: RecordType, value: Readonly<Record<string, unknown>>, fits: Fit, how: 'exactly' | 'somehow'): boolean {
  const given = Object.entries(value).filter(([, v]) => v !== undefined)
  const found = new Map(given)
  const taken = type.fields.filter(field => found.has(field.name))
  return (
    taken.length === given.length &&
    type.fields.every(field =>
      found.has(field.name) ? fits(field.type, found.get(field.name)) : how === 'somehow' && field.default !== null,
    )
  )
}

const isWithin = (value: Decimal, precision: number, scale: number): boolean => {
  const limit = 10n ** BigInt(precision)
  return value.decimals === scale && value.units < limit && value.units > -limit
}
