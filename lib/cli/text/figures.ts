// Numbers, times and spans as people read them. Times are UTC.

/** `1,234,567` */
export const count = (n: number): string => n.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',')

/** `20.1`, from a hundred on `1,234` */
export const rate = (perSecond: number): string => (perSecond >= 99.95 ? count(perSecond) : perSecond === 0 ? '0' : perSecond.toFixed(1))

/** Text digits with separators: `7363416.2340` → `7,363,416.2340`, exactly. */
export const digits = (text: string): string => {
  const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(text) ?? ['', '', text, '']
  return `${sign}${whole!.replace(/\B(?=(\d{3})+$)/g, ',')}${rest}`
}

/** `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h` */
export function span(ms: number): string {
  const s = Math.max(0, ms) / 1_000
  if (s < 9.95) return `${s.toFixed(1)} s`
  const whole = Math.round(s)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`
}

/** `2.4 MB` */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
  let n = bytes
  let u = 0
  for (; n >= 999.5 && u < units.length - 1; u++) n /= 1_000
  return `${u === 0 || n >= 99.5 ? n.toFixed(0) : n.toFixed(1)} ${units[u]}`
}

/** Largest time that a Date holds. */
const LAST = 8.64e15
const iso = (ms: number): string => (Math.abs(ms) <= LAST ? new Date(ms).toISOString() : String(ms))

/** `10:45:12` */
export const timeOfDay = (ms: number): string => iso(ms).slice(11, 19)
/** `2010-12-01 08:26:00` */
export const dayAndTime = (ms: number): string =>
  iso(ms)
    .replace('T', ' ')
    .replace(/\.000Z$|Z$/, '')
/** The time of day when it is near `now`, with its day otherwise. */
export const timeNear = (ms: number, now: number): string => (Math.abs(now - ms) < 43_200_000 ? timeOfDay(ms) : dayAndTime(ms).slice(0, 19))

/** `1 row`, `3 rows` */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`
