// Randomness of this machine, fit for names that must not meet again.
import { randomUUID } from 'node:crypto'
import type { Random } from '../../ports/random.ts'

export function systemRandom(): Random {
  return { uuid: () => randomUUID() }
}
