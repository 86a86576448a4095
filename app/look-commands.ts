// Commands that look: at tables, state, topics, dead letters, plans.
import { type Command, Option } from 'commander'
import { dlqLs, dlqReplay, dlqShow } from '#lib/cli/commands/dlq.ts'
import { lag, topics } from '#lib/cli/commands/log.ts'
import { plan } from '#lib/cli/commands/plan.ts'
import { processorOf } from '#lib/cli/inspection/facts.ts'
import { query, queryFormat } from '#lib/cli/commands/query.ts'
import { state } from '#lib/cli/commands/state.ts'
import { didYouMean } from '#lib/config/nearest-word.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { PlanForm, ReplayOrder } from '#lib/ports/inspection.ts'
import { type Bound, type Options, withSettings } from './bound.ts'

const FORMAT = ['--format <format>', 'table or json (default: table)'] as const

export function addLookCommands(program: Command, bound: Bound): void {
  const { screen } = bound
  withSettings(program.command('query').argument('<sql>', 'one SELECT statement'), 'data')
    .description('read the tables, also while a system runs')
    .option('--format <format>', 'table, csv or json (default: table)')
    .addHelpText(
      'after',
      '\nNumerics are text in JSON, so that no digit is lost. Example:\n  millrace query "SELECT country, sum(total) FROM orders GROUP BY 1" --format csv',
    )
    .action(async (sql: string, options: Options) => {
      const format = queryFormat(text(options, 'format', 'table'))
      await bound.inspecting(options, inspection => query(inspection, sql, format, screen))
    })

  withSettings(program.command('state').argument('<processor>', 'its id, as `millrace plan` shows it'), 'data')
    .description('open windows and kept state of a processor')
    .option('--key <key>', 'only what is kept for this key')
    .option('--limit <n>', 'at most so many entries (default: 100)')
    .option(...FORMAT)
    .action(async (processor: string, options: Options) => {
      const order = {
        processor,
        key: typeof options['key'] === 'string' ? options['key'] : null,
        limit: whole(options, 'limit', 100),
        format: tableOrJson(options),
      }
      await bound.inspecting(options, inspection => state(inspection, order, screen))
    })

  withSettings(program.command('lag'), 'data')
    .description('how far each processor is behind what it reads')
    .option(...FORMAT)
    .action(async (options: Options) => {
      const format = tableOrJson(options)
      await bound.inspecting(options, inspection => lag(inspection, format, screen))
    })

  withSettings(program.command('topics'), 'data')
    .description('the topics of the log')
    .option(...FORMAT)
    .action(async (options: Options) => {
      const format = tableOrJson(options)
      await bound.inspecting(options, inspection => topics(inspection, format, screen))
    })

  addDlq(program, bound)

  withSettings(program.command('plan').argument('[processor]', 'one of them; all without'), 'data')
    .description('what is computed, stage by stage')
    .option('--as <form>', 'text, json or mermaid (default: text)')
    .addHelpText(
      'after',
      '\nWith a processor and --data: what it has stored there against the code at hand.\nExit code 1 when the next start would be refused.',
    )
    .action(async (processor: string | undefined, options: Options) => {
      const { PROCESSORS } = await import('./systems.ts')
      const as = oneOf<PlanForm>('--as', text(options, 'as', 'text'), ['text', 'json', 'mermaid'])
      if (options['data'] === undefined) return plan(PROCESSORS, processor ?? null, as, screen)
      if (processor === undefined)
        throw new MillraceError('OPTION_INVALID', 'plan --data compares one processor with what it has stored: name it')
      const { planDiff } = await import('#lib/cli/commands/plan-diff.ts')
      const known = processorOf(PROCESSORS, processor)
      const form = oneOf('--as', as, ['text', 'json'] as const)
      bound.exit(await bound.inspecting(options, inspection => planDiff(inspection, known, form, screen)))
    })

  program
    .command('types')
    .argument('[directory]', 'where the .avsc files are (default: schemas)')
    .description('TypeScript types for Avro schemas')
    .option('--check', 'write nothing; exit code 1 when a file is not as generated')
    .action(async (directory: string | undefined, options: Options) => {
      const { types } = await import('#lib/cli/commands/types.ts')
      const decimalFrom = import.meta.url.endsWith('.ts') ? '#lib/index.ts' : 'millrace'
      bound.exit(
        await types({ directory: directory ?? 'schemas', mode: options['check'] === true ? 'check' : 'write', decimalFrom }, screen),
      )
    })
}

function addDlq(program: Command, bound: Bound): void {
  const { screen } = bound
  const dlq = program
    .command('dlq')
    .description('dead letters: records and results that were refused')
    .usage('ls|show|replay [options]')
    .helpCommand(false)

  withSettings(dlq.command('ls').argument('[processor]', 'only those of one processor'), 'data')
    .description('list dead letters, the newest first')
    .option('--limit <n>', 'at most so many (default: 100)')
    .option(...FORMAT)
    .action(async (processor: string | undefined, options: Options) => {
      const filter = { processor, limit: whole(options, 'limit', 100) }
      const format = tableOrJson(options)
      await bound.inspecting(options, inspection => dlqLs(inspection, filter, format, screen))
    })

  withSettings(dlq.command('show').argument('<letter>', 'its id, as `millrace dlq ls` shows it'), 'data')
    .description('show a dead letter whole, decoded as far as possible')
    .option(...FORMAT)
    .action(async (id: string, options: Options) => {
      const format = tableOrJson(options)
      await bound.inspecting(options, inspection => dlqShow(inspection, id, format, screen))
    })

  withSettings(dlq.command('replay').argument('[letters...]', 'ids, as `millrace dlq ls` shows them'), 'data')
    .description('send refused records to their topics again, each at most once')
    .option('--all <processor>', 'all letters of a processor')
    .addOption(new Option('--twice <way>', 'records that another processor has taken: refuse or accept (default: refuse)'))
    .option(...FORMAT)
    .addHelpText(
      'after',
      '\nMend the processor or the schema first: what is refused again is a new dead\nletter. A record of a feed (a file, a generator) lies in no topic and cannot be\nsent again.',
    )
    .action(async (ids: readonly string[], options: Options) => {
      const all = options['all']
      if (ids.length === 0 && all === undefined)
        throw new MillraceError('OPTION_INVALID', 'no letter is named: give ids as `millrace dlq ls` shows them, or --all <processor>')
      if (ids.length > 0 && all !== undefined)
        throw new MillraceError('OPTION_INVALID', 'ids and --all are given; one of them says what to send')
      const twice = oneOf<ReplayOrder['twice']>('--twice', text(options, 'twice', 'refuse'), ['refuse', 'accept'])
      const letters = typeof all === 'string' ? { processor: all } : ids
      const format = tableOrJson(options)
      bound.exit(await bound.inspecting(options, inspection => dlqReplay(inspection, { letters, twice }, format, screen)))
    })
}

function text(options: Options, name: string, fallback: string): string {
  const typed = options[name]
  return typeof typed === 'string' ? typed : fallback
}

const tableOrJson = (options: Options): 'table' | 'json' => oneOf('--format', text(options, 'format', 'table'), ['table', 'json'])

function oneOf<W extends string>(option: string, typed: string, words: readonly W[]): W {
  const found = words.find(w => w === typed)
  if (found !== undefined) return found
  throw new MillraceError('OPTION_INVALID', `${option} is '${typed}': it takes ${words.join(' or ')}.${didYouMean(typed, words)}`)
}

function whole(options: Options, name: string, fallback: number): number {
  const typed = text(options, name, String(fallback))
  if (/^\d{1,9}$/.test(typed) && Number(typed) > 0) return Number(typed)
  throw new MillraceError('OPTION_INVALID', `--${name} is '${typed}': it takes a whole number from 1 on`)
}
