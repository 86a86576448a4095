// A record that missed windows: counted, and sent where the window's author wants it (S3.4, S3.6).
import type { Key } from '../../model/key.ts'
import type { LateRecord, Missed } from '../../model/record.ts'
import type { StageContext } from '../context.ts'
import type { LateTarget } from './windowing.ts'

export type { Missed }
/** What a window does with records that are late for it. */
export interface LateDoor {
  /** Takes a late value: all windows that it missed, and whether it still counts in others. */
  missed(value: unknown, missed: readonly Missed[], share: 'some' | 'all'): void
  /** A value of the record in hand counts in a window. */
  taken(): void
}

export function lateDoor(context: StageContext, name: string, graceMs: number, late: LateTarget): LateDoor {
  const { cursor, clock } = context
  const lateBy = (missed: readonly Missed[]): number => Math.max(0, clock.time - Math.max(...missed.map(w => w.end)) - graceMs)
  const send = sender(context, name, late)
  /** The last record of which a value counted, and the last that was counted as late; several values may come of one record. */
  let takenOf = -1
  let lateOf = -1
  const countLate = (): void => {
    const { ordinal, batch } = cursor
    if (batch === null) return // a derived value is no record
    context.afterRecord(() => {
      if (takenOf === ordinal || lateOf === ordinal) return
      lateOf = ordinal
      context.lateRecord()
    })
  }
  return {
    missed(value, missed, share) {
      const by = lateBy(missed)
      send(value, missed, by)
      context.late(name, missed, by)
      if (share === 'some') takenOf = cursor.ordinal
      else countLate()
    },
    taken() {
      takenOf = cursor.ordinal
    },
  }
}

function sender(
  context: StageContext,
  name: string,
  late: LateTarget,
): (value: unknown, missed: readonly Missed[], lateBy: number) => void {
  const { cursor } = context
  if (late.kind === 'count-and-drop') return () => {}
  if (late.kind === 'record') {
    const forward = context.forwarder(late.target)
    return (value, missed, by) => {
      forward(value, [
        ['millrace-late-window', name],
        ['millrace-late-missed', JSON.stringify(missed.map(w => [w.start, w.end]))],
        ['millrace-late-by-ms', String(by)],
      ])
    }
  }
  const described = context.sender(late.target)
  return (value, missed, by) => {
    described({ key: cursor.key as Key, value, at: cursor.at, lateBy: by, missed } satisfies LateRecord<unknown, Key>)
  }
}
