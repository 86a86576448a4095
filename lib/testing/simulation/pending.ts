// What waits on the scheduler's list to be drawn.
import type { Process } from './process.ts'
import type { Broken } from './wire.ts'

/** Before its effect; before its result is told; or something that a server does on its own. */
export type Stage = 'request' | 'reply' | 'server'

export class Pending {
  stage: Stage
  /** Whose continuation hangs on it; null when nobody's does (any more). */
  client: Process | null
  /** Who began it, for the trace. */
  readonly origin: Process | null
  readonly point: string
  readonly effect: (() => unknown) | null
  readonly broken: Broken | null
  readonly detail: (() => string) | null
  readonly resolve: ((value: never) => void) | null
  readonly reject: ((error: unknown) => void) | null
  /** Result or error of the effect, once the stage is 'reply'. */
  outcome: unknown = undefined
  failed = false
  /** Nobody waits for it any more. */
  dropped = false
  /** Draw before which it is not drawn while it is held back. */
  release = 0

  constructor(o: {
    stage: Stage
    client: Process | null
    origin?: Process | null
    point: string
    effect?: (() => unknown) | null
    broken?: Broken | null
    detail?: (() => string) | null | undefined
    resolve?: ((value: never) => void) | null
    reject?: ((error: unknown) => void) | null
  }) {
    this.stage = o.stage
    this.client = o.client
    this.origin = o.origin ?? o.client
    this.point = o.point
    this.effect = o.effect ?? null
    this.broken = o.broken ?? null
    this.detail = o.detail ?? null
    this.resolve = o.resolve ?? null
    this.reject = o.reject ?? null
  }
  /** The same request, for whose reply nobody waits. */
  orphan(): Pending {
    const { origin, point, effect, detail } = this
    return new Pending({ stage: 'request', client: null, origin, point, effect, detail })
  }
  /** The server's part; the result becomes what the reply tells. */
  happen(): void {
    try {
      this.outcome = this.effect!()
    } catch (error) {
      this.outcome = error
      this.failed = true
    }
    this.stage = 'reply'
  }
  fail(error: Error): void {
    this.outcome = error
    this.failed = true
    this.stage = 'reply'
  }
  /** The client's part. */
  settle(): void {
    if (this.failed) this.reject?.(this.outcome)
    else this.resolve?.(this.outcome as never)
  }
}

/** A list that is drawn from in any order, and those that are held back until a draw. */
export class Waiting {
  readonly ready: Pending[] = []
  readonly #held: Pending[] = []
  #nextRelease = Number.POSITIVE_INFINITY

  get held(): number {
    return this.#held.length
  }
  some(is: (pending: Pending) => boolean): boolean {
    return this.ready.some(is) || this.#held.some(is)
  }
  take(i: number): Pending {
    const { ready } = this
    const taken = ready[i]!
    const last = ready.pop()!
    if (i < ready.length) ready[i] = last
    return taken
  }
  hold(pending: Pending, release: number): void {
    pending.release = release
    this.#held.push(pending)
    if (release < this.#nextRelease) this.#nextRelease = release
  }
  /** Nothing is held back longer than until `draw`. */
  hasten(draw: number): void {
    for (const pending of this.#held) pending.release = Math.min(pending.release, draw)
    this.#nextRelease = Math.min(this.#nextRelease, draw)
  }
  /** Makes ready what was held until `draw`. */
  releaseDue(draw: number): void {
    if (draw >= this.#nextRelease) this.#releaseUntil(draw)
  }
  /** Makes ready the ones that would be released next. */
  releaseNext(): void {
    this.#releaseUntil(this.#nextRelease)
  }
  releaseAll(): void {
    this.#releaseUntil(Number.POSITIVE_INFINITY)
  }
  /** Keeps only those that `keeps` says. */
  sift(keeps: (pending: Pending) => boolean): void {
    for (const list of [this.ready, this.#held]) {
      let kept = 0
      for (const pending of list) if (keeps(pending)) list[kept++] = pending
      list.length = kept
    }
  }
  #releaseUntil(draw: number): void {
    const held = this.#held.splice(0)
    this.#nextRelease = Number.POSITIVE_INFINITY
    for (const pending of held) {
      if (pending.release <= draw) this.ready.push(pending)
      else this.hold(pending, pending.release)
    }
  }
}
