// How events spread over a day: more in the evening than at night, evenly within an hour. Whole numbers only, so that event k has one time for ever.

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Percent of the mean rate in each hour of the day (UTC); they add up to 2,400. */
const PERCENT = [75, 70, 65, 65, 70, 75, 80, 90, 100, 105, 110, 115, 120, 115, 110, 110, 115, 120, 130, 135, 130, 115, 100, 80]

export interface Rhythm {
  /** When event `k` of all time happens, ms since epoch. Never decreases. */
  timeOf(k: number): number
  /** The first event that happens at `time` or later. */
  firstFrom(time: number): number
}

/** @param perSecond mean events a second over a day */
export function dailyRhythm(perSecond: number): Rhythm {
  const counts = PERCENT.map(percent => Math.max(1, Math.round(perSecond * 36 * percent)))
  const before = [0]
  for (const count of counts) before.push(before.at(-1)! + count)
  const perDay = before[24]!
  return {
    timeOf(k) {
      const day = Math.floor(k / perDay)
      const inDay = k - day * perDay
      let hour = 23
      while (before[hour]! > inDay) hour--
      return day * DAY + hour * HOUR + Math.floor(((inDay - before[hour]!) * HOUR) / counts[hour]!)
    },
    firstFrom(time) {
      const day = Math.floor(time / DAY)
      const hour = Math.floor((time - day * DAY) / HOUR)
      return day * perDay + before[hour]! + Math.ceil(((time - day * DAY - hour * HOUR) * counts[hour]!) / HOUR)
    },
  }
}
