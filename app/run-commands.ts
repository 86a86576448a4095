// Commands that let processors run in this process.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { didYouMean } from '#lib/config/nearest-word.ts'
import type { Settings } from '#lib/config/settings.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { Processor } from '#lib/stages/processor.ts'
import { type Bound, type Options, withSettings } from './bound.ts'

export function addRunCommands(program: Command, bound: Bound): void {
  withSettings(program.command('start'), 'data', 'rate', 'seed', 'partitions', 'http', 'logLevel')
    .description('the whole orders system on generated events, live')
    .option('--no-status', 'show no status; log lines only')
    .addHelpText(
      'after',
      '\nThe first start makes two hours of history up and then goes on live. Ctrl-C\nstops it, the same command goes on where it stopped; nothing is lost or counted\ntwice, also after kill -9.',
    )
    .action((options: Options) => startAction(bound, options))

  withSettings(
    program.command('run').argument('<what...>', 'a system (orders) or processors by id'),
    'data',
    'partitions',
    'http',
    'logLevel',
  )
    .description('processors on what is there, or files through a system')
    .option('--input <files...>', 'files to read, in this order; plain or gzip')
    .option('--as <kind>', 'what they hold: online-retail')
    .option('--drain', 'end when everything is read, closed and loaded')
    .option('--no-status', 'show no progress; log lines only')
    .addHelpText(
      'after',
      '\nStopped or killed, the same command goes on where it ended. Example:\n  millrace run orders --input 2010-12.csv.gz --as online-retail --drain --data retail',
    )
    .action((what: readonly string[], options: Options) => runAction(bound, what, options))
}

async function startAction(bound: Bound, options: Options): Promise<void> {
  const settings = bound.settings(options)
  const { screen, version } = bound
  const [{ start }, { openRunning }, { openNotices }, { SYSTEMS, INPUTS }, { systemClock }, { stopSignals }, { shownPath }] =
    await Promise.all([
      import('#lib/cli/commands/start.ts'),
      import('./running.ts'),
      import('./notices.ts'),
      import('./systems.ts'),
      import('#lib/adapters/embedded/system-clock.ts'),
      import('./stop-signals.ts'),
      import('#lib/embedded/directory.ts'),
    ])
  const [orders] = SYSTEMS as [(typeof SYSTEMS)[number]]
  const status = options['status'] === false ? 'none' : 'shown'
  const clock = systemClock()
  const { logger, list } = openNotices(settings, screen, status, clock)
  const signals = stopSignals(() => leave(settings), 0)
  const directory = shownPath(settings.data)
  const other = directory === '.millrace' ? '' : ` --data ${directory}`
  try {
    const code = await start(
      {
        title: orders.id,
        directory,
        status,
        tables: orders.shown,
        hints: [
          `npx millrace query "SELECT * FROM trend_alerts ORDER BY time DESC LIMIT 5"${other}`,
          `npx millrace state event-aggregator${other}    and dlq ls, lag, topics, plan`,
          'Ctrl-C stops',
        ],
        again: other === '' ? 'npm start' : `millrace start${other}`,
      },
      {
        open: opening =>
          openRunning({ settings, processors: [INPUTS.generator.processor, ...orders.processors], input: null, logger, version, opening }),
        screen,
        clock,
        stop: signals.signal,
        notices: list,
      },
    )
    bound.exit(code)
  } finally {
    signals.dispose()
  }
}

async function runAction(bound: Bound, what: readonly string[], options: Options): Promise<void> {
  const settings = bound.settings(options)
  const { screen, version } = bound
  const [{ run }, { openRunning }, { openNotices }, { fileInput, feedsOf }, systems, { systemClock }, { INTERRUPTED, stopSignals }] =
    await Promise.all([
      import('#lib/cli/commands/run.ts'),
      import('./running.ts'),
      import('./notices.ts'),
      import('./feeds.ts'),
      import('./systems.ts'),
      import('#lib/adapters/embedded/system-clock.ts'),
      import('./stop-signals.ts'),
    ])
  const input = fileInput((options['input'] as readonly string[] | undefined) ?? [], options['as'] as string | undefined)
  const reading = input === null ? [] : [systems.INPUTS[input.as].processor]
  const processors = chosen(what, systems, reading)
  const until = options['drain'] === true ? 'drain' : 'live'
  if (until === 'drain' && feedsOf(processors).includes(systems.INPUTS.generator.feed))
    throw new MillraceError('OPTION_INVALID', '--drain waits for the end of the input, but the generator has none; leave one of them out')
  const status = options['status'] === false ? 'none' : 'shown'
  const clock = systemClock()
  const { logger } = openNotices(settings, screen, status, clock)
  const signals = stopSignals(() => leave(settings), until === 'drain' ? INTERRUPTED : 0)
  const system = systems.SYSTEMS.find(s => what.includes(s.id))
  try {
    const code = await run(
      { title: input === null ? what.join(', ') : `${input.as} into ${what.join(', ')}`, until, status },
      {
        open: opening => openRunning({ settings, processors, input, logger, version, opening }),
        screen,
        clock,
        stop: signals.signal,
        summary: async running => (system === undefined ? [] : system.summary(running)),
      },
    )
    bound.exit(code)
  } finally {
    signals.dispose()
  }
}

/** The processors that are meant, in the order of the data's way. @throws OPTION_INVALID */
function chosen(
  what: readonly string[],
  { SYSTEMS, PROCESSORS }: Pick<typeof import('./systems.ts'), 'SYSTEMS' | 'PROCESSORS'>,
  reading: readonly Processor[],
): readonly Processor[] {
  const wanted = new Set<Processor>(reading)
  const names = [...SYSTEMS.map(s => s.id), ...PROCESSORS.map(p => p.id)]
  for (const name of what) {
    const system = SYSTEMS.find(s => s.id === name)
    const processor = PROCESSORS.find(p => p.id === name)
    if (system !== undefined) for (const p of system.processors) wanted.add(p)
    else if (processor !== undefined) wanted.add(processor)
    else
      throw new MillraceError(
        'OPTION_INVALID',
        `'${name}' is neither a system nor a processor.${didYouMean(name, names)} There are: ${names.join(', ')}`,
      )
  }
  return PROCESSORS.filter(p => wanted.has(p))
}

/** Before the process is ended without waiting: nobody should look for us at an address that is gone. */
const leave = ({ data }: Settings): void => rmSync(join(data, 'control.json'), { force: true })
