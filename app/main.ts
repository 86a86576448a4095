// The command line: reads arguments, does what they say, answers with an exit code.
import { readFileSync } from 'node:fs'

const HELP = `Usage: millrace [--help | --version]`

/** Runs one command line (without node and script). Gives the exit code. */
export function run(args: readonly string[]): number {
  if (args[0] === '--version') {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
    console.log(version)
    return 0
  }
  if (args.length === 0 || args[0] === '--help') {
    console.log(HELP)
    return 0
  }
  console.error(`OPTION_INVALID: '${args[0]}' is no command of this version. ${HELP}`)
  return 2
}
