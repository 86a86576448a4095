// A record that missed windows: counted, and sent where the window's author wants it (S3.4, S3.6).
import type { Key } from '../../model/key.ts'
import type { LateRecord, Missed } from '../../model/record.ts'
import type { StageContext } from '../context.ts'
import type { LateTarget } from './windowing.ts'

export type { Missed }
/** Takes a late record: all windows that it missed, and whether it still counts in others. */
export type LateDoor = (value: unknown, missed: readonly Missed[], share: 'some' | 'all') => void

export function lateDoor(context: StageContext, name: string, graceMs: number, late: LateTarget): LateDoor {
  const { cursor, clock } = context
  const lateBy = (missed: readonly Missed[]): number => clock.time - Math.max(...missed.map(w => w.end)) - graceMs
  const send = ((): ((value: unknown, missed: readonly Missed[]) => void) => {
    if (late.kind === 'count-and-drop') return () => {}
    if (late.kind === 'record') {
      const forward = context.forwarder(late.target)
      return (value, missed) => {
        forward(value, [
          ['millrace-late-window', name],
          ['millrace-late-missed', JSON.stringify(missed.map(w => [w.start, w.end]))],
          ['millrace-late-by-ms', String(lateBy(missed))],
        ])
      }
    }
    const described = context.sender(late.target)
    return (value, missed) => {
      described({ key: cursor.key as Key, value, at: cursor.at, lateBy: lateBy(missed), missed } satisfies LateRecord<unknown, Key>)
    }
  })()
  return (value, missed, share) => {
    send(value, missed)
    context.late(name, missed, share, lateBy(missed))
  }
}
