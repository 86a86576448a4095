// Timers of a stage (S5.3): those of event time hang on its clock like windows, those of the wall clock are asked for between records.
import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import { type KeptTimer, TimerStore } from '../state/timer-store.ts'
import type { StageContext } from './context.ts'

export interface Timers {
  /** @throws VALUE_REFUSED for a time that is none */
  set(key: Key, timers: readonly (Omit<KeptTimer, 'key'> | { readonly cancel: string })[]): void
  /** Cancels all timers of a key. */
  forget(key: Key): void
}

/** @param fire the step of a timer, at stream time `now`; what it throws refuses the timer (S6.1), which has been removed by then */
export function openTimers(context: StageContext, stage: string, fire: (timer: KeptTimer, now: number) => void): Timers {
  const { clock, undo } = context
  const store = new TimerStore(`${stage}.timers`)
  context.keep(store)
  clock.hang({
    name: stage,
    delayMs: 0,
    drains: 'stays',
    nextEnd: () => store.nextAt('event'),
    lastEnd: () => (store.size > 0 ? Infinity : -Infinity),
    close: end => {
      for (const timer of store.fired('event', end)) run(timer)
    },
  })
  context.atWallTime({
    nextAt: () => store.nextAt('wall'),
    reached: now => {
      for (const timer of store.fired('wall', now)) run(timer)
    },
  })

  function run(timer: KeptTimer): void {
    const { key, name, at, clock: follows } = timer
    const now = clock.time === -Infinity ? at : clock.time
    context.result(() => fire(timer, now), { timer: name, at, clock: follows }, key, follows === 'event' ? at : now, stage)
  }
  return {
    set(key, timers) {
      for (const timer of timers) {
        if ('cancel' in timer) {
          store.cancel({ key, name: timer.cancel }, undo)
          continue
        }
        const { name, at, clock: follows } = timer
        if (!Number.isSafeInteger(at) || at < 0 || (follows !== 'event' && follows !== 'wall') || typeof name !== 'string')
          throw new MillraceError(
            'VALUE_REFUSED',
            `'${stage}' sets a timer ${JSON.stringify(timer)}: a name, whole milliseconds since 1970 and the clock 'event' or 'wall' are needed`,
          )
        store.set({ key, name, at, clock: follows }, undo)
        if (follows === 'event') {
          clock.wakeAt(at)
          if (at <= clock.time) context.afterRecord(() => clock.closeDue('close'))
        }
      }
    },
    forget: key => store.cancelAll(key, undo),
  }
}
