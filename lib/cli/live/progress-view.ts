// How far a bounded run is.
import { count, rate, span } from '../text/figures.ts'

export interface Progress {
  /** 0 … 1 of the input read; null when it has no known end. */
  readonly share: number | null
  /** Rows read. */
  readonly rows: number
  /** Since the run began, ms. */
  readonly elapsedMs: number
  /** Rows that this run has read (a run that goes on where another ended did not read them all). */
  readonly readHere: number
  /** Records between the processors that are not computed or loaded yet. */
  readonly behind: number
}

const BAR = 30

/** `[#########.....................]  31 %  168,400 rows  84,200/s  5 s left` */
export function progressLine(p: Progress): string {
  const words = progressWords(p)
  if (p.share === null) return words
  const filled = Math.floor(Math.min(Math.max(p.share, 0), 1) * BAR)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}]  ${words}`
}

export function progressWords({ share, rows, elapsedMs, readHere, behind }: Progress): string {
  const seconds = Math.max(elapsedMs, 1) / 1_000
  const parts = [
    ...(share === null
      ? []
      : [
          `${Math.floor(share * 100)
            .toString()
            .padStart(3)} %`,
        ]),
    `${count(rows)} rows`,
    ...(share === 1 ? [] : [`${rate(readHere / seconds)}/s`]),
    share === 1 ? (behind > 0 ? `all read, ${count(behind)} records to go` : 'all read, closing windows') : `${count(behind)} behind`,
    span(elapsedMs),
  ]
  return parts.join('  ')
}
