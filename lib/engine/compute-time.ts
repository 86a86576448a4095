// E3, second half: what time decides without records. The wall clock comes as an argument.
import type { StreamClock } from '../stages/window/clock.ts'
import type { Session } from './session.ts'

/** Idle closes, drained closes (S2.3). @returns whether anything moved */
export function computeTime(session: Session, now: number, mode: 'running' | 'draining'): 'moved' | 'still' {
  for (const told of session.told) told.mode = mode
  let moved = reachedTimers(session, now)
  const wanted = new Set(session.told.filter(t => t.wantsWallTime && now >= t.nextAt()).flatMap(t => t.sources))
  for (const input of session.inputs) {
    const { time, clock } = input
    time.judge(input.caughtUp, now)
    if (mode === 'draining' && input.ended) {
      time.judgeDrained(now)
      if (time.idle && drainedTo(clock) === 'moved') moved = 'moved'
      continue
    }
    const advanced = time.advanced(now)
    if (!(advanced > clock.time) || (advanced < clock.due() && !wanted.has(input))) continue
    clock.advance(advanced, 'idle')
    time.taken(now)
    moved = 'moved'
  }
  for (const clock of session.pipeline.merged) {
    clock.judge(now, mode === 'draining' ? 'timers' : 'nothing')
    if (!clock.idle) continue
    if (mode === 'draining') {
      if (session.inputs.every(i => i.ended) && drainedTo(clock) === 'moved') moved = 'moved'
      continue
    }
    const advanced = clock.advanced(now)
    if (!(advanced > clock.time) || (advanced < clock.due() && wanted.size === 0)) continue
    clock.advance(advanced, 'idle')
    clock.taken(now)
    moved = 'moved'
  }
  return moved
}

/** S5.3: timers of the wall clock. */
function reachedTimers({ pipeline }: Session, now: number): 'moved' | 'still' {
  const reached = pipeline.wallTimers.filter(t => t.nextAt() <= now)
  for (const timers of reached) timers.reached(now)
  return reached.length > 0 ? 'moved' : 'still'
}

/** Closes everything that hangs on a clock and on those behind it. */
function drainedTo(clock: StreamClock): 'moved' | 'still' {
  let moved: 'moved' | 'still' = 'still'
  for (let h = clock.horizon(); h > clock.time; h = clock.horizon()) {
    clock.advance(h, 'drain')
    moved = 'moved'
  }
  return moved
}
