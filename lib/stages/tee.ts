import type { Flow, Stage } from '../model/stage.ts'
import { isRowTarget } from '../model/table-target.ts'
import type { Target } from '../model/topic.ts'
import { appended } from './flow.ts'

/** Also writes to a target and passes the record on. */
export function tee<T, K>(target: Target<NoInfer<T>>): Stage<Flow<T, K>, Flow<T, K>> {
  return appended({
    step: 'tee',
    tuning: { target: target.to },
    targets: [target],
    reads: { by: isRowTarget(target) ? target.reads : 'whole', passes: 'same' },
    open: (context, down) => {
      const send = context.sender(target)
      return value => {
        send(value)
        down(value)
      }
    },
  })
}
