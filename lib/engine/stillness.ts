// While one task of a process computes what it is careful about, the others compute nothing: a process that dies meanwhile died of that (S6.5).
export class Stillness {
  #held: Promise<void> | null = null

  /** Resolves at once, or when nobody is careful any more; what follows it without waiting is undisturbed. */
  async over(): Promise<void> {
    while (this.#held !== null) await this.#held
  }
  /** Runs `body` alone. */
  async during<T>(body: () => Promise<T>): Promise<T> {
    await this.over()
    const result = body()
    const held = result.then(
      () => {},
      () => {},
    )
    this.#held = held
    try {
      return await result
    } finally {
      this.#held = null
    }
  }
}
