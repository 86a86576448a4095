// The command line: does what its arguments say, answers with an exit code.
import { environment } from '#lib/config/environment.ts'
import { errorText, exitCodeOf } from '#lib/cli/text/error-text.ts'
import { commandLine } from './command-line.ts'
import { processScreen } from './terminal.ts'

/** Runs one command line (without node and script). @returns the exit code: 0 well, 2 typed wrong, 1 everything else */
export async function run(args: readonly string[]): Promise<number> {
  const detail = ['', '0', undefined].includes(process.env['MILLRACE_DEBUG']) ? 'message' : 'with stack'
  const told = (error: unknown): number => {
    process.stderr.write(`${errorText(error, detail)}\n`)
    return exitCodeOf(error)
  }
  const unforeseen = (error: unknown): never => process.exit(told(error))
  process.on('uncaughtException', unforeseen)
  process.on('unhandledRejection', unforeseen)
  try {
    const here = environment(process.cwd())
    return await commandLine(args, here, processScreen(here))
  } catch (error) {
    return told(error)
  }
}
