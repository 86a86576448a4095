// What was opened is closed in reverse order, whatever happens on the way.

export class Closing {
  readonly #steps: (() => Promise<unknown>)[] = []
  /** Registers how something is closed, and gives it back. */
  after<T>(opened: T, close: (opened: T) => Promise<unknown>): T {
    this.#steps.push(() => close(opened))
    return opened
  }
  /** Closes everything, the last opened first; a step that fails does not keep the others from it. May be called twice. */
  async close(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step().catch(() => {})
  }
}
