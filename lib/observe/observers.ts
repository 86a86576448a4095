import type { Observer } from '../ports/observer.ts'

/** One observer that tells several, in their order. */
export const observers = (...all: readonly Observer[]): Observer => ({
  state: (task, state) => all.forEach(o => o.state(task, state)),
  epoch: (task, report) => all.forEach(o => o.epoch(task, report)),
  failure: (task, error) => all.forEach(o => o.failure(task, error)),
  refused: (task, letter) => all.forEach(o => o.refused(task, letter)),
  late: (task, event) => all.forEach(o => o.late(task, event)),
})
