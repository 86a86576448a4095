// Groups within the process: members share the task numbers evenly, and a change moves no more of them than it must.
import { MillraceError } from '../../model/errors.ts'
import type { Membership } from '../../ports/record-log.ts'

interface Member {
  numbers: readonly number[]
  readonly assigned: (partitions: readonly number[]) => void
}
interface Group {
  readonly tasks: number
  readonly members: Member[]
}

export class Groups {
  readonly #groups = new Map<string, Group>()

  /** @throws PLAN_INVALID when members of the group count different tasks */
  join(name: string, tasks: number, assigned: (partitions: readonly number[]) => void): Membership {
    const group = this.#groups.get(name) ?? { tasks, members: [] }
    if (group.tasks !== tasks)
      throw new MillraceError('PLAN_INVALID', `group '${name}' works on ${group.tasks} tasks, a member that counts ${tasks} cannot join it`)
    this.#groups.set(name, group)
    const member: Member = { numbers: [], assigned }
    group.members.push(member)
    share(group, member)
    return {
      leave: async () => {
        const at = group.members.indexOf(member)
        if (at < 0) return
        group.members.splice(at, 1)
        if (group.members.length > 0) share(group, null)
        else if (this.#groups.get(name) === group) this.#groups.delete(name)
      },
    }
  }
  /** Everybody is out and is told nothing any more. */
  close(): void {
    for (const { members } of this.#groups.values()) members.length = 0
    this.#groups.clear()
  }
}

/** Gives every number to one member. Who loses numbers is told before who gains them; `joined` is told in any case. */
function share({ tasks, members }: Group, joined: Member | null): void {
  const least = Math.floor(tasks / members.length)
  let larger = tasks % members.length
  const most = members.toSorted((a, b) => b.numbers.length - a.numbers.length)
  const kept = new Map<Member, readonly number[]>()
  for (const member of most) {
    const quota = least + (larger > 0 ? 1 : 0)
    if (larger > 0) larger--
    kept.set(member, member.numbers.slice(0, quota))
  }
  const taken = new Set([...kept.values()].flat())
  const free = Array.from({ length: tasks }, (_, n) => n).filter(n => !taken.has(n))
  const next = new Map<Member, readonly number[]>()
  larger = tasks % members.length
  for (const member of most) {
    const quota = least + (larger > 0 ? 1 : 0)
    if (larger > 0) larger--
    const own = kept.get(member)!
    next.set(
      member,
      [...own, ...free.splice(0, quota - own.length)].sort((a, b) => a - b),
    )
  }
  const changed = members.filter(m => m === joined || String(m.numbers) !== String(next.get(m)))
  const loses = changed.filter(m => next.get(m)!.length < m.numbers.length)
  for (const member of members) member.numbers = next.get(member)!
  for (const member of loses) member.assigned(member.numbers)
  for (const member of changed) if (!loses.includes(member)) member.assigned(member.numbers)
}
