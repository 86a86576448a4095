// One life of a simulated process: when it is killed, nothing that it waits for ever comes.
export class Process {
  readonly name: string
  /** 1, 2, 3 … per name. */
  readonly life: number
  /** Draw until which it stands still. */
  pausedUntil = 0
  /** ms by which its wall clock differs from virtual time. */
  skew = 0
  /** Virtual time at which its wall clock stands still, null when it goes. */
  frozenAt: number | null = null
  #alive = true
  readonly #witnesses: (() => void)[] = []
  readonly #bury: (process: Process) => void

  constructor(name: string, life: number, bury: (process: Process) => void) {
    this.name = name
    this.life = life
    this.#bury = bury
  }
  get dead(): boolean {
    return !this.#alive
  }
  /** Drops all its continuations: their promises never settle. Requests that were sent may still arrive. Killing the dead is nothing. */
  kill(): void {
    if (this.dead) return
    this.#alive = false
    this.#bury(this)
    for (const noticed of this.#witnesses.splice(0)) noticed()
  }
  atDeath(noticed: () => void): void {
    if (this.dead) noticed()
    else this.#witnesses.push(noticed)
  }
  toString(): string {
    return `${this.name}.${this.life}`
  }
}
