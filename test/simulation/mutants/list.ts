// Every mutant, in the order of the rules.
import { apply } from './apply.ts'
import { epoch } from './epoch.ts'
import type { Mutant } from './mutant.ts'
import { memory } from './memory.ts'
import { open } from './open.ts'
import { results } from './results.ts'
import { sink } from './sink.ts'
import { time } from './time.ts'

export const mutants: readonly Mutant[] = [...open, ...epoch, ...apply, ...memory, ...time, ...results, ...sink]
