// Consumer groups: who works on which partition numbers, as far as the coordinator knows.

export class Member {
  /** Ascending. */
  assigned: readonly number[] = []
  state: 'new' | 'in' | 'evicted' | 'left' = 'new'
  /** Called after `assigned` has changed. */
  readonly told: () => void
  constructor(told: () => void) {
    this.told = told
  }
}

export class Group {
  readonly tasks: number
  readonly #members: Member[] = []
  constructor(tasks: number) {
    this.tasks = tasks
  }
  get members(): readonly Member[] {
    return this.#members
  }
  /** Who has left, even before its request to join came, stays out. */
  join(member: Member): void {
    if (member.state === 'in' || member.state === 'left') return
    member.state = 'in'
    this.#members.push(member)
    this.#assign(member)
  }
  leave(member: Member): void {
    this.#remove(member)
    member.state = 'left'
  }
  /** A fault: the group takes a member for dead that is not. It hears nothing of it until it joins again. */
  evict(member: Member): void {
    this.#remove(member)
    member.state = 'evicted'
  }
  #remove(member: Member): void {
    const i = this.#members.indexOf(member)
    if (i < 0) return
    this.#members.splice(i, 1)
    member.assigned = []
    this.#assign(null)
  }
  /** Even counts, and every member keeps what its count allows: those that have most get the odd ones. */
  #assign(joined: Member | null): void {
    const { tasks } = this
    const count = this.#members.length
    const byHolding = [...this.#members].sort((a, b) => b.assigned.length - a.assigned.length)
    const free = new Set(Array.from({ length: tasks }, (_, i) => i))
    const shares = byHolding.map((member, i) => {
      const size = Math.floor(tasks / count) + (i < tasks % count ? 1 : 0)
      const kept = member.assigned.slice(0, size)
      for (const number of kept) free.delete(number)
      return { member, size, kept }
    })
    for (const { member, size, kept } of shares) {
      const numbers = [...kept]
      for (const number of free) {
        if (numbers.length === size) break
        numbers.push(number)
        free.delete(number)
      }
      const same = numbers.length === member.assigned.length && kept.length === numbers.length
      member.assigned = numbers.sort((a, b) => a - b)
      if (!same || member === joined) member.told()
    }
  }
}
