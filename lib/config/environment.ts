// The one place that reads the process's environment and .env.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../model/errors.ts'

export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The text of `.env` in the working directory, null when there is none. */
  readonly dotenv: string | null
  /** Whether errors show where they were raised (MILLRACE_DEBUG=1). */
  readonly errors: 'message' | 'with stack'
  /** What NO_COLOR says (https://no-color.org): set and not empty means none. */
  readonly colours: 'allowed' | 'none'
}

/** @throws OPTION_INVALID when .env is there but cannot be read */
export function environment(directory: string, variables: Environment['variables'] = process.env): Environment {
  return {
    variables,
    dotenv: textOf(join(directory, '.env')),
    errors: ['', '0', undefined].includes(variables['MILLRACE_DEBUG']) ? 'message' : 'with stack',
    colours: ['', undefined].includes(variables['NO_COLOR']) && variables['TERM'] !== 'dumb' ? 'allowed' : 'none',
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new MillraceError('OPTION_INVALID', `${file} cannot be read: ${messageOf(error)}`, { cause: error, where: { file } })
  }
}
