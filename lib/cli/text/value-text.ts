// A JSON value on one line, as people read it.
import { harmless } from './width.ts'

/** `orders 2, revenue 139.1200` for an object of plain fields, JSON for everything else. */
export function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return plainText(value)
  const fields = Object.entries(value)
  return fields.length === 0 ? '{}' : fields.map(([name, v]) => `${harmless(name)} ${plainText(v)}`).join(', ')
}

const plainText = (value: unknown): string => harmless(typeof value === 'string' && value !== '' ? value : (JSON.stringify(value) ?? ''))
