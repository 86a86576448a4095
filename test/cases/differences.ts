// Where other systems do otherwise, and how a recorded case is compared nevertheless. `differences.md` is made of this: node test/cases/differences.ts
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { firstToJoinClosed } from './joins-closed.ts'
import { type Case, casesIn, type CaseFile, FILES, peerOf } from './recorded.ts'

interface Difference {
  readonly peer: string
  readonly peerDoes: string
  readonly weDo: string
  readonly rule: string
  /** Null: the case is not run. */
  readonly compared: string | null
}

export const DIFFERENCES = {
  'key clock': {
    peer: 'Quix',
    peerDoes: 'has a clock for every key',
    weDo: 'have one for every task',
    rule: 'S2.1',
    compared: 'every key is run by itself, where one clock is both',
  },
  'last result': {
    peer: 'Kafka Streams, Quix',
    peerDoes: 'updates a result and never says that it was the last',
    weDo: 'close an updated window with a final result, one revision above the last update',
    rule: 'S4.2',
    compared: 'updates as recorded; every final result against the last update of its window',
  },
  'changed sessions are retracted': {
    peer: 'Kafka Streams',
    peerDoes: 'retracts a session at every change, since its end is part of its name',
    weDo: 'know a session by its start, and retract when that is no more',
    rule: 'S3.5',
    compared: 'what holds by (key, start) after every record: both lists of changes, applied',
  },
  'joins a closed session': {
    peer: 'Kafka Streams',
    peerDoes: 'lets a record that is not late join a closed session that it still remembers',
    weDo: 'begin another session: a closed one is never opened again',
    rule: 'S3.5',
    compared: 'up to the first record that does it',
  },
  'changed sessions stay': {
    peer: 'Quix',
    peerDoes: 'retracts nothing when sessions grow or merge',
    weDo: 'retract a start that is no more',
    rule: 'S3.5',
    compared: 'the updates, without our retractions',
  },
  'end of a session': {
    peer: 'all',
    peerDoes: 'ends a session at its last event (Kafka Streams), a millisecond later (Quix), or a gap later (Flink)',
    weDo: 'end it a gap after its last event',
    rule: 'S3',
    compared: 'ends are counted from the last event',
  },
  'closes a gap later': {
    peer: 'Quix',
    peerDoes: 'closes a session when its clock is two gaps, the grace and a millisecond past the last event',
    weDo: 'close it when stream time is past the end plus the grace',
    rule: 'S3.5',
    compared: 'our grace is one gap longer, which is the same moment',
  },
  'late though it touches': {
    peer: 'Quix',
    peerDoes: 'finds a record late by its own time alone, also where it touches an open session',
    weDo: 'join it',
    rule: 'S3.5',
    compared: 'without the records that it found late: they move no clock',
  },
  'closes at equality': {
    peer: 'Flink',
    peerDoes: 'closes a session when its clock reaches the end plus the out-of-orderness',
    weDo: 'close it when stream time has passed that, so that equality touches whatever other keys do',
    rule: 'S3.5',
    compared: 'our grace is a millisecond shorter, which is the same moment; where there is none, what came out in the end',
  },
  'windows below 0': {
    peer: 'Flink',
    peerDoes: 'makes windows that start below 0',
    weDo: 'make none',
    rule: 'S3.1',
    compared: 'without those',
  },
  'last correction': {
    peer: 'Flink',
    peerDoes: 'emits a window again for every late record that is allowed',
    weDo: 'too, and say with a final result that it can be corrected no more',
    rule: 'S3.4',
    compared: 'first results and corrections as recorded; every final result against the last correction of its window',
  },
  'closed sessions are corrected': {
    peer: 'Flink',
    peerDoes: 'opens a closed session again while lateness is allowed',
    weDo: 'never open a closed session again',
    rule: 'S3.5',
    compared: null,
  },
  'late when all are missed': {
    peer: 'Flink',
    peerDoes: 'gives a record to the side output only when it missed all its windows',
    weDo: 'tell of every record that missed some',
    rule: 'S3.6',
    compared: 'those that missed all',
  },
  'lists by time': {
    peer: 'Quix',
    peerDoes: 'collects in the order of event times',
    weDo: 'collect in the order of arrival',
    rule: 'collect()',
    compared: 'both in order of their values',
  },
  'only the set counts': {
    peer: 'Flink SQL',
    peerDoes: 'does not say which record brought a result',
    weDo: 'give results in a fixed order',
    rule: 'S3.9',
    compared: 'as a set, after the end of the input',
  },
  'defect of the peer': {
    peer: 'Kafka Streams, Quix',
    peerDoes: 'what its own documents do not say: the case is not normative (DISAGREEMENTS.md)',
    weDo: 'follow our rules',
    rule: 'S3',
    compared: null,
  },
  'sliding windows': {
    peer: 'Kafka Streams, Quix',
    peerDoes: 'has them',
    weDo: 'have them in a later version',
    rule: 'S3.7',
    compared: null,
  },
  'count windows': { peer: 'Quix', peerDoes: 'has them', weDo: 'have them in a later version', rule: 'S3', compared: null },
  joins: { peer: 'Kafka Streams', peerDoes: 'has them', weDo: 'have them in a later version', rule: 'S8', compared: null },
} as const satisfies Readonly<Record<string, Difference>>
export type DifferenceName = keyof typeof DIFFERENCES

/** What lies between a case and us; nothing when it is compared as it was recorded. */
export function differencesOf(c: Case): readonly DifferenceName[] {
  const { operator, options, expected } = c
  const peer = peerOf(c)
  if (operator.includes('join')) return ['joins']
  if (operator.startsWith('count')) return ['count windows']
  if (operator === 'sliding') return ['sliding windows']
  if (!c.normative) return ['defect of the peer']
  const found: DifferenceName[] = []
  const updates = options.emit === 'update' || options.emit === 'current'
  if (options.closingStrategy === 'key') found.push('key clock')
  if (options.agg === 'collect') found.push('lists by time')
  if (operator === 'session') {
    found.push('end of a session')
    if (peer === 'kafka' && updates) found.push('changed sessions are retracted')
    if (peer === 'kafka' && updates && firstToJoinClosed(c) !== null) found.push('joins a closed session')
    if (peer === 'quix') found.push('closes a gap later', 'late though it touches')
    if (peer === 'quix' && updates) found.push('changed sessions stay')
    if (peer === 'flink') found.push('closes at equality')
  }
  if (updates) found.push('last result')
  if ((options.allowedLatenessMs ?? 0) > 0) found.push(operator === 'session' ? 'closed sessions are corrected' : 'last correction')
  if (expected.some(e => e.start < 0)) found.push('windows below 0')
  if (peer === 'flink' && operator === 'hopping' && c.late !== undefined) found.push('late when all are missed')
  if (expected.length > 0 && expected.every(e => e.after === undefined)) found.push('only the set counts')
  return found
}
export type Verdict = 'as recorded' | 'adapted' | 'not run'
export function verdictOf(c: Case): Verdict {
  const found = differencesOf(c)
  if (found.length === 0) return 'as recorded'
  return found.some(name => DIFFERENCES[name].compared === null) ? 'not run' : 'adapted'
}

/** The document: how many cases of every file are compared how, and every difference with the cases that it concerns. */
export function differencesDocument(): string {
  const all = FILES.map((file): [CaseFile, readonly Case[]] => [file, casesIn(file)])
  const count = (cases: readonly Case[], verdict: Verdict): number => cases.filter(c => verdictOf(c) === verdict).length
  const rows = all.map(([file, cases]) => {
    const counts = (['as recorded', 'adapted', 'not run'] as const).map(v => count(cases, v))
    return `| ${file} | ${[cases.length, ...counts].join(' | ')} |`
  })
  const differences = (Object.entries(DIFFERENCES) as [DifferenceName, Difference][]).map(([name, d]) => {
    const concerned = all.flatMap(([, cases]) => cases.filter(c => differencesOf(c).includes(name)).map(c => c.id))
    return [
      `## ${name[0]!.toUpperCase()}${name.slice(1)}`,
      '',
      `${d.peer}: ${d.peerDoes}. We ${d.weDo} (${d.rule}).`,
      d.compared === null ? 'Not run.' : `Compared: ${d.compared}.`,
      '',
      `${concerned.length} cases: ${concerned.join(', ')}`,
    ].join('\n')
  })
  return `# Recorded cases, and where we differ on purpose

Made by \`node test/cases/differences.ts\`; \`differences.test.ts\` fails when it no longer says what the tests do.

Compared are the results that every record brought, each with its key, start, end and value, and the records that were late. Of no case compared are the order of
the results of one record (ours is fixed, S3.9; theirs is not) and the event time of a result (ours is the window's last millisecond, S3.8; Kafka Streams takes
the newest record's time, Quix the window's start).

| File | Cases | As recorded | Adapted | Not run |
|---|---|---|---|---|
${rows.join('\n')}

${differences.join('\n\n')}
`
}
export const DOCUMENT = new URL('differences.md', import.meta.url)

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCUMENT, differencesDocument())
