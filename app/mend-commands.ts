// Commands that change what is stored. The data directory is theirs alone while they do.
import type { Command } from 'commander'
import { resetCommand } from '#lib/cli/commands/reset.ts'
import type { ResetTo } from '#lib/engine/reset.ts'
import { MillraceError } from '#lib/model/errors.ts'
import { type Bound, type Options, withSettings } from './bound.ts'

const PLACES: readonly ResetTo[] = ['earliest', 'latest', 'keep']

export function addMendCommands(program: Command, bound: Bound): void {
  withSettings(program.command('reset').argument('<processor>', 'its id, as `millrace plan` shows it'), 'data')
    .description('forget what a processor remembers, and where it goes on')
    .option('--to <place>', 'earliest, latest or keep: from where it reads on')
    .option('--yes', 'do it; without it only what would change is shown (exit code 1)')
    .option('--format <format>', 'table or json (default: table)')
    .addHelpText(
      'after',
      `
Stop the system first. earliest: all that the inputs still hold is read again;
latest: only what comes from now on; keep: from where it stood. Topics and tables
keep what they hold. Example:
  millrace reset trend-detector --to earliest`,
    )
    .action(async (processor: string, options: Options) => {
      const to = PLACES.find(place => place === options['to'])
      if (to === undefined)
        throw new MillraceError(
          'OPTION_INVALID',
          options['to'] === undefined
            ? `reset needs --to ${PLACES.join(', --to ')}: each of them means something else`
            : `--to is '${String(options['to'])}': it takes ${PLACES.join(', ')}`,
        )
      const format = options['format'] ?? 'table'
      if (format !== 'table' && format !== 'json')
        throw new MillraceError('OPTION_INVALID', `--format is '${String(format)}': it takes table or json`)
      const { atRest } = await import('./at-rest.ts')
      const order = { processor, to, consent: options['yes'] === true ? 'given' : 'ask', format } as const
      const { screen } = bound
      bound.exit(
        await atRest(
          bound.settings(options),
          text => screen.err(`${text}\n`),
          resting => resetCommand(resting, order, screen),
        ),
      )
    })
}
