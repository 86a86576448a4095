// What the processors' feeds are bound to: a generator, or files.
import { openFileFeed } from '#lib/adapters/file/file-feed.ts'
import { openGeneratorFeed } from '#lib/adapters/generator/generator-feed.ts'
import { didYouMean } from '#lib/config/nearest-word.ts'
import type { Settings } from '#lib/config/settings.ts'
import { MillraceError } from '#lib/model/errors.ts'
import { inputOf, sourcesOf } from '#lib/model/plan.ts'
import type { Clock } from '#lib/ports/clock.ts'
import type { Feed } from '#lib/ports/feed.ts'
import { planOfProcessor, type Processor } from '#lib/stages/processor.ts'
import { INVOICE_COLUMNS } from '#schemas/retail/invoice.ts'
import { ordersEvents } from './generator/orders-events.ts'
import { INPUTS } from './systems.ts'

/** History that the first start makes up, and the most that a later one catches up on. */
export const BACKFILL_MS = 2 * 3_600_000

/** Files that were looked at: a wrong path is told before anything else is opened. */
export interface FileInput {
  readonly as: 'online-retail'
  readonly feed: Feed
}

/** Kinds of files that can be read. */
const KINDS = ['online-retail'] as const

/** @throws OPTION_INVALID, FILE_UNREADABLE */
export function fileInput(files: readonly string[], as: string | undefined): FileInput | null {
  if (files.length === 0 && as === undefined) return null
  if (files.length === 0) throw new MillraceError('OPTION_INVALID', `--as ${as} needs files: --input FILE…`)
  if (as === undefined) throw new MillraceError('OPTION_INVALID', `--input needs --as, which says what the files hold: ${KINDS.join(', ')}`)
  const kind = KINDS.find(k => k === as)
  if (kind === undefined)
    throw new MillraceError('OPTION_INVALID', `--as is '${as}': files can hold ${KINDS.join(', ')}.${didYouMean(as, KINDS)}`)
  return { as: kind, feed: openFileFeed({ name: INPUTS[kind].feed, files, format: 'csv', columns: INVOICE_COLUMNS, groupBy: 'InvoiceNo' }) }
}

/** The feeds that the processors read, by name. @throws OPTION_INVALID when one needs files and none are given */
export function openFeeds(
  processors: readonly Processor[],
  o: { readonly settings: Settings; readonly clock: Clock; readonly input: FileInput | null; readonly generatorStartAt: number },
): ReadonlyMap<string, Feed> {
  const wanted = new Set(feedsOf(processors))
  const feeds = new Map<string, Feed>()
  for (const name of wanted) {
    if (name === INPUTS.generator.feed) feeds.set(name, generator(name, o))
    else if (name === o.input?.feed.name) feeds.set(name, o.input.feed)
    else throw new MillraceError('OPTION_INVALID', `'${name}' is read from files: give them with --input FILE… --as ${name}`)
  }
  return feeds
}

export const feedsOf = (processors: readonly Processor[]): readonly string[] =>
  processors.flatMap(p =>
    sourcesOf(planOfProcessor(p))
      .map(inputOf)
      .filter(i => i.kind === 'feed')
      .map(i => i.name),
  )

function generator(name: string, o: { readonly settings: Settings; readonly clock: Clock; readonly generatorStartAt: number }): Feed {
  const { settings, events } = ordersEvents({ seed: o.settings.seed, perSecond: o.settings.rate })
  return openGeneratorFeed({ name, clock: o.clock, startAt: o.generatorStartAt, settings, events, catchUpAtMost: BACKFILL_MS })
}
