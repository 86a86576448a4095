// Where a command writes: what is asked for goes out, everything about it (progress, notes, errors) beside it.

export interface Screen {
  /** 'terminal': lines can be drawn again; 'plain': a pipe or a file. */
  readonly kind: 'terminal' | 'plain'
  readonly colours: 'on' | 'off'
  /** Of the terminal as it is now; of a plain screen, how long lines may be. */
  size(): { readonly columns: number; readonly rows: number }
  /** To standard output. */
  out(text: string): void
  /** To standard error. */
  err(text: string): void
}

/** Ways to set words apart. Without colours the words must do. */
export type Tone = 'plain' | 'strong' | 'quiet' | 'warning' | 'bad'
const CODES: Readonly<Record<Exclude<Tone, 'plain'>, readonly [number, number]>> = {
  strong: [1, 22],
  quiet: [2, 22],
  warning: [33, 39],
  bad: [31, 39],
}

export type Paint = (tone: Tone, text: string) => string

export const painter = (colours: Screen['colours']): Paint =>
  colours === 'off'
    ? (_tone, text) => text
    : (tone, text) => (tone === 'plain' || text === '' ? text : `\u001b[${CODES[tone][0]}m${text}\u001b[${CODES[tone][1]}m`)
