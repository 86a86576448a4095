// What state may be made of (S5.4): plain data has no behaviour, comes back from its bytes as it was, and can be copied.
import { Decimal } from '../model/decimal.ts'
import { MillraceError } from '../model/errors.ts'

/** Levels of nesting; what is deeper probably holds itself. */
export const DEEPEST = 64

export const tooDeep = (): MillraceError =>
  new MillraceError('STATE_NOT_PLAIN', `a state value is nested deeper than ${DEEPEST} levels, or holds itself`)

/** Why a value cannot be kept: it is a function, a symbol, or an instance of a class. */
export function notPlain(value: unknown): MillraceError {
  if (value instanceof Promise) value.catch(() => {}) // nobody waits for it: should it fail, that must not end the process
  if (typeof value !== 'object') return new MillraceError('STATE_NOT_PLAIN', `a ${typeof value} cannot be kept in state`)
  const name = (value as { constructor?: { name?: string } }).constructor?.name ?? 'class instance'
  return new MillraceError('STATE_NOT_PLAIN', `a ${name} cannot be kept in state: use plain data`)
}

/** Whether an object is one of `{}`: its own fields are all there is to it. */
export function isRecord(value: object): value is Record<string, unknown> {
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null
}

/** A copy that shares nothing with `value` that can be changed. @throws STATE_NOT_PLAIN */
export const copyOf = <S>(value: S): S => copied(value, 0) as S

function copied(value: unknown, depth: number): unknown {
  if (typeof value !== 'object') return leaf(value)
  if (value === null || value instanceof Decimal) return value
  if (depth >= DEEPEST) throw tooDeep()
  if (Array.isArray(value)) {
    const copy: unknown[] = [...(value as unknown[])] // of numbers: one move of memory
    for (let i = 0; i < copy.length; i++) if (!isSimple(copy[i])) copy[i] = copied(copy[i], depth + 1)
    return copy
  }
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (!isRecord(value)) throw notPlain(value)
  const copy: Record<string, unknown> = { ...value }
  for (const name of Object.keys(copy)) if (!isSimple(copy[name])) copy[name] = copied(copy[name], depth + 1)
  return copy
}

/** @throws STATE_NOT_PLAIN */
export const checkPlain = (value: unknown): void => checked(value, 0)

function checked(value: unknown, depth: number): void {
  if (typeof value !== 'object') leaf(value)
  else if (value !== null && !(value instanceof Decimal) && !(value instanceof Uint8Array)) {
    if (depth >= DEEPEST) throw tooDeep()
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) if (!isSimple(value[i])) checked(value[i], depth + 1)
    } else {
      if (!isRecord(value)) throw notPlain(value)
      for (const name of Object.keys(value)) if (!isSimple(value[name])) checked(value[name], depth + 1)
    }
  }
}

/** The two that nearly everything is. */
const isSimple = (value: unknown): boolean => typeof value === 'number' || typeof value === 'string'

function leaf(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw notPlain(value)
  return value
}
