// The words of the command line and what they call. What a command does is in lib/cli/commands; here it is only bound to this process.
import { readFileSync } from 'node:fs'
import { type Argument, Command, CommanderError } from 'commander'
import type { Environment } from '#lib/config/environment.ts'
import { readSettings } from '#lib/config/read-settings.ts'
import { SETTINGS, type SettingName, type Settings } from '#lib/config/settings.ts'
import type { Screen } from '#lib/cli/text/screen.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { Bound, Options } from './bound.ts'

const DESCRIPTION = `Stream processing with windows, recoverable state and exactly-once results.
Everything runs in one process and is kept in a data directory.`

const AFTER = `
Examples:
  millrace start
  millrace query "SELECT * FROM trend_alerts ORDER BY time DESC LIMIT 5"
  millrace run orders --input 2010-12.csv.gz --as online-retail --drain --data retail

\`millrace <command> --help\` says more. Settings can also be made in the environment
or in .env: MILLRACE_DATA, MILLRACE_RATE and so on, by the names of their options.`

/** @returns the exit code. @throws what the command throws; OPTION_INVALID for what was typed wrong */
export async function commandLine(args: readonly string[], here: Environment, screen: Screen): Promise<number> {
  let code = 0
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  const settings = (options: Options): Settings =>
    readSettings({ commandLine: typedSettings(options), environment: here.variables, dotenv: here.dotenv })
  const bound: Bound = {
    screen,
    version,
    settings,
    async inspecting(options, ask) {
      const { inspecting } = await import('./inspecting.ts')
      return inspecting(settings(options), text => screen.err(`${text}\n`), ask)
    },
    exit: exitCode => {
      code = exitCode
    },
  }
  const program = new Command('millrace')
    .description(DESCRIPTION)
    .usage('<command> [options]')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .configureOutput({ writeOut: screen.out, writeErr: () => {}, getOutHelpWidth: () => Math.min(screen.size().columns, 110) })
    .configureHelp({
      subcommandTerm: c => [c.name(), ...c.registeredArguments.map(a => argumentTerm(a))].join(' '),
    })
    .showHelpAfterError(false)
    .exitOverride()
    .addHelpText('after', AFTER)
  const { addRunCommands } = await import('./run-commands.ts')
  const { addLookCommands } = await import('./look-commands.ts')
  program.commandsGroup('Run:')
  addRunCommands(program, bound)
  program.commandsGroup('Look:')
  addLookCommands(program, bound)
  const { addMendCommands } = await import('./mend-commands.ts')
  program.commandsGroup('Mend:')
  addMendCommands(program, bound)
  if (args.length === 0) {
    program.outputHelp()
    return 0
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    if (error.code === 'commander.help') {
      screen.out(commandNamed(program, args).helpInformation())
      return 2
    }
    throw new MillraceError('OPTION_INVALID', mistake(error.message, ['millrace', ...path(program, args)].join(' ')))
  }
}

const argumentTerm = (argument: Argument): string => {
  const word = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${word}>` : `[${word}]`
}

const typedSettings = (options: Options): { readonly [N in SettingName]?: string } =>
  Object.fromEntries(Object.keys(SETTINGS).flatMap(name => (typeof options[name] === 'string' ? [[name, options[name]]] : [])))

/** `error: unknown option '--rat'\n(Did you mean --rate?)` in our words. */
function mistake(message: string, command: string): string {
  const [what, meant] = message.replace(/^error: /, '').split('\n')
  const guess = /Did you mean (?:one of )?(.+)\?/.exec(meant ?? '')
  return `${what!.replace(/[.]$/, '')}.${guess === null ? '' : ` Did you mean '${guess[1]}'?`} \`${command} --help\` says what there is`
}

/** The names of the command that was typed, as far as there is one. */
function path(program: Command, args: readonly string[]): readonly string[] {
  const names: string[] = []
  let command = program
  for (const word of args) {
    const next = command.commands.find(c => c.name() === word)
    if (next === undefined) break
    names.push(word)
    command = next
  }
  return names
}

const commandNamed = (program: Command, args: readonly string[]): Command =>
  path(program, args).reduce((command, name) => command.commands.find(c => c.name() === name)!, program)
