// Between a client and a simulated server: where calls may be lost, delayed and reordered, or (DIRECT) where nothing stands between them.

/** The error a caller sees when request or reply did not arrive. */
export type Broken = (what: string) => Error

/** The client's side: one process's way to the servers. Only `call` and `until` wait. */
export interface Wire {
  /**
   * One request: suspends before `effect` and again before its result is told.
   * @param point constant name of the call, e.g. `log.fetch`; faults and traces name it
   * @param broken what a lost request or reply looks like; null: this call is never lost, only late
   * @param detail for the trace only
   */
  call<T>(point: string, effect: () => T, broken: Broken | null, detail?: () => string): Promise<T>
  /** Waits until a server calls `fire`: `subscribe` is called at once. A second `fire` is nothing. */
  until(point: string, subscribe: (fire: () => void) => void): Promise<void>
  /** A server tells the client something on its own: `told` runs in the client, later, or never if its process has died. */
  tell(point: string, told: () => void): void
  /** What the servers notice when the process dies. */
  atDeath(noticed: () => void): void
}

/** The servers' side: what they do on their own, after the reply. */
export interface Backstage {
  later(point: string, effect: () => void, detail?: () => string): void
  /** After `ms` of virtual time, unless cancelled by calling what it returns. */
  after(ms: number, point: string, effect: () => void): () => void
  /** At some time within `ms` of virtual time, unless cancelled. */
  within(ms: number, point: string, effect: () => void): () => void
  /** How many of `available` things a server gives in one answer: 1 … available. */
  some(available: number): number
  /** Where a fetch at `position` really begins: there, but for a client that loses its place between `lowest` and `highest`. */
  misplaced(position: number, lowest: number, highest: number): number
}

/** Everything happens at once. */
export const DIRECT: Wire = {
  call: (_point, effect) => new Promise(resolve => resolve(effect())),
  until: (_point, subscribe) => new Promise(resolve => subscribe(resolve)),
  tell: (_point, told) => told(),
  atDeath() {},
}

/** What follows follows at once; timeouts never come. */
export const IMMEDIATE: Backstage = {
  later: (_point, effect) => effect(),
  after: () => () => {},
  within: (_ms, _point, effect) => {
    effect()
    return () => {}
  },
  some: available => available,
  misplaced: position => position,
}
