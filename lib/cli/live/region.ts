// Lines of a terminal that are drawn again and again in the same place.
import type { Paint, Screen, Tone } from '../text/screen.ts'
import { fitted } from '../text/width.ts'

export interface Line {
  readonly tone: Tone
  readonly text: string
}
export const line = (text: string, tone: Tone = 'plain'): Line => ({ tone, text })
export const EMPTY: Line = line('')

const UP = (n: number): string => (n === 0 ? '' : `\u001b[${n}A`)
const ERASE_LINE = '\u001b[2K'
const ERASE_BELOW = '\u001b[J'

export class Region {
  readonly #screen: Screen
  readonly #paint: Paint
  #drawn = 0
  /** @param screen a terminal */
  constructor(screen: Screen, paint: Paint) {
    this.#screen = screen
    this.#paint = paint
  }
  /** Draws the lines over those of the last call; what does not fit the terminal is left out. */
  draw(lines: readonly Line[]): void {
    const { columns, rows } = this.#screen.size()
    const shown = lines.slice(0, Math.max(rows - 1, 1))
    const text = shown.map(({ tone, text: t }) => `${ERASE_LINE}${this.#paint(tone, fitted(t, Math.max(columns - 1, 20)))}\n`).join('')
    this.#screen.out(`${UP(Math.min(this.#drawn, rows - 1))}\r${text}${ERASE_BELOW}`)
    this.#drawn = shown.length
  }
  /** Removes what was drawn: the next text begins in its place. */
  clear(): void {
    if (this.#drawn > 0) this.#screen.out(`${UP(this.#drawn)}\r${ERASE_BELOW}`)
    this.#drawn = 0
  }
}
