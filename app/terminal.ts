// The process's own terminal as a Screen.
import type { Screen } from '#lib/cli/text/screen.ts'
import type { Environment } from '#lib/config/environment.ts'

/** Without colours nothing is drawn in place either: both take ANSI sequences, and who turns them off wants plain text. */
export function processScreen({ colours }: Environment): Screen {
  const { stdout, stderr } = process
  // `millrace query … | head` closes our output early: that is no error. A terminal that was closed takes nothing more; its SIGHUP stops us.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    if (error.code !== 'EIO') throw error
  })
  stderr.on('error', () => {})
  const terminal = stdout.isTTY === true && colours === 'allowed'
  return {
    kind: terminal ? 'terminal' : 'plain',
    colours: terminal ? 'on' : 'off',
    size: () => ({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 }),
    out: text => void stdout.write(text),
    err: text => void stderr.write(text),
  }
}
