// `millrace dlq ls|show|replay`: records and results that were refused.
import type { Inspection, Letter, LetterContent, LetterFilter, ReplayAnswer, ReplayOrder } from '../../ports/inspection.ts'
import { counted, dayAndTime } from '../text/figures.ts'
import { painter, type Screen } from '../text/screen.ts'
import { textTable } from '../text/text-table.ts'
import { fitted, harmless, padEnd } from '../text/width.ts'

export type DlqFormat = 'table' | 'json'

/** @throws OPTION_INVALID */
export async function dlqLs(inspection: Inspection, filter: LetterFilter, format: DlqFormat, screen: Screen): Promise<void> {
  const letters = await inspection.letters(filter)
  screen.out(format === 'json' ? `${JSON.stringify(letters, null, 2)}\n` : lettersText(letters, filter, screen))
}

export function lettersText(letters: readonly Letter[], { limit = 100 }: LetterFilter, screen: Screen): string {
  if (letters.length === 0) return 'no dead letters: nothing was refused\n'
  const paint = painter(screen.colours)
  const widest = screen.kind === 'terminal' ? screen.size().columns : Infinity
  const [title, ...lines] = textTable(
    [
      { title: 'letter', align: 'left' },
      { title: 'code', align: 'left' },
      { title: 'refused record', align: 'left' },
      { title: 'event time', align: 'left' },
      { title: 'replay', align: 'left' },
      { title: 'message', align: 'left' },
    ],
    letters.map(l => [l.id, l.code, originText(l), timeText(l.time), l.replay, harmless(l.message)]),
  ).map(line => (widest === Infinity ? line : fitted(line, widest)))
  const first = letters[0]!
  const hints = [
    letters.length < limit ? counted(letters.length, 'letter') : `the newest ${counted(letters.length, 'letter')}; --limit shows more`,
    `millrace dlq show ${first.id} shows one whole`,
  ]
  return `${[paint('quiet', title!), ...lines, paint('quiet', `(${hints.join('; ')})`)].join('\n')}\n`
}

const originText = ({ origin, of }: Letter): string =>
  `${of === 'result' ? 'result of ' : ''}${origin.topic}/${origin.partition}/${origin.offset}`
const timeText = (time: number): string => (Number.isFinite(time) && time >= 0 ? dayAndTime(time) : '')

/** @throws OPTION_INVALID */
export async function dlqShow(inspection: Inspection, id: string, format: DlqFormat, screen: Screen): Promise<void> {
  const letter = await inspection.letter(id)
  screen.out(format === 'json' ? `${JSON.stringify(letter, null, 2)}\n` : letterText(letter, screen))
}

export function letterText(l: LetterContent, screen: Screen): string {
  const paint = painter(screen.colours)
  const facts: readonly (readonly [string, string])[] = [
    ['code', l.code],
    ['message', harmless(l.message)],
    ['processor', l.stage === '' ? l.processor : `${l.processor}, stage ${harmless(l.stage)}`],
    [l.of === 'result' ? 'caused by' : 'record', `${l.origin.topic}/${l.origin.partition}/${l.origin.offset}`],
    ['event time', timeText(l.time)],
    ['replay', l.replay === 'possible' ? 'possible' : `${l.replay}: ${l.replayNote}`],
    ['key', l.key === null ? 'null' : harmless(l.key)],
    ...l.headers.map(([name, value]) => [`header ${harmless(name)}`, harmless(value)] as const),
    ['value', `${l.value.as}${l.value.note === '' ? '' : ` (${harmless(l.value.note)})`}`],
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, text]) => `${paint('quiet', padEnd(name, width))}  ${text}`)
  return `${paint('strong', l.id)}\n${lines.join('\n')}\n${contentText(l.value)}`
}

function contentText({ as, content }: LetterContent['value']): string {
  if (as === 'null') return ''
  const text = as === 'avro' || as === 'json' ? JSON.stringify(content, null, 2) : harmless(String(content))
  return `${text.replace(/^/gm, '  ')}\n`
}

/** @returns the exit code: 0 when all that was asked for was sent again, 1 when something was kept. @throws OPTION_INVALID */
export async function dlqReplay(inspection: Inspection, order: ReplayOrder, format: DlqFormat, screen: Screen): Promise<number> {
  const answer = await inspection.replay(order)
  screen.out(format === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : replayText(answer))
  return answer.kept.length === 0 ? 0 : 1
}

/** Kept letters with the same reason share a line. */
export function replayText({ replayed, kept }: ReplayAnswer): string {
  const lines = replayed.length === 0 ? ['nothing was sent again'] : [`${counted(replayed.length, 'record')} sent again:`]
  for (const { id, topic, partition, offset } of replayed) lines.push(`  ${id} is now ${topic}/${partition}/${offset}`)
  for (const [why, letters] of Map.groupBy(kept, k => k.why)) {
    const named = letters
      .slice(0, 3)
      .map(l => l.id)
      .join(', ')
    lines.push(`kept ${named}${letters.length > 3 ? ` and ${letters.length - 3} more` : ''}: ${why}`)
  }
  return `${lines.join('\n')}\n`
}
