import type { Push } from '../stages/context.ts'
import type { StreamClock } from '../stages/window/clock.ts'

/** Where the records of one input go. */
export interface PipelineInput {
  readonly push: Push
  /** Takes the key of a tombstone, as text; null when no table says what one means. */
  readonly tombstone: Push | null
  readonly clock: StreamClock
}
