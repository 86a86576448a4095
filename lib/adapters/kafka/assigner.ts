// Which member of a group works on which numbers: evenly, and a change moves no number between two members that stay unless their counts demand it.

export interface Candidate {
  readonly member: string
  /** The numbers it has now, as it says. */
  readonly has: readonly number[]
}

/** Of `tasks` numbers from 0; every member gets some or none, all of them together all. Depends on nothing but its arguments, the order of members included. */
export function assign(tasks: number, candidates: readonly Candidate[]): ReadonlyMap<string, readonly number[]> {
  const members = [...candidates].sort((a, b) => (a.member < b.member ? -1 : 1))
  const least = Math.floor(tasks / members.length)
  let larger = tasks - least * members.length
  const given = new Map<string, number[]>(members.map(({ member }) => [member, []]))
  const free = new Set(Array.from({ length: tasks }, (_, number) => number))
  // Those who have the most keep the most: what is one above the least number falls to who has it already.
  for (const { member, has } of [...members].sort((a, b) => b.has.length - a.has.length)) {
    const mine = [...new Set(has)].filter(number => free.has(number)).sort((a, b) => a - b)
    const most = mine.length > least && larger > 0 ? least + 1 : least
    if (most > least) larger--
    for (const number of mine.slice(0, most)) {
      free.delete(number)
      given.get(member)!.push(number)
    }
  }
  const left = [...free]
  for (const { member } of members) {
    const numbers = given.get(member)!
    while (left.length > 0 && numbers.length < least) numbers.push(left.shift()!)
  }
  for (const { member } of members) {
    const numbers = given.get(member)!
    if (left.length > 0 && numbers.length === least) numbers.push(left.shift()!)
  }
  for (const numbers of given.values()) numbers.sort((a, b) => a - b)
  return given
}
