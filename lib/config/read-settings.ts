// Settings from where they may be said: the command line wins over the environment, that over .env, that over the default.
import { parseEnv } from 'node:util'
import { didYouMean } from './nearest-word.ts'
import { CLUSTER_VARIABLES, OTHER_VARIABLES, type Setting, SETTINGS, type SettingName, type Settings, wrongSettings } from './settings.ts'

export interface Sources {
  /** As typed, by setting. */
  readonly commandLine: { readonly [N in SettingName]?: string | undefined }
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of .env, null when there is none. */
  readonly dotenv: string | null
}

interface Said {
  readonly text: string
  /** How to name it in a message: `--rate`, `MILLRACE_RATE`, `MILLRACE_RATE in .env`. */
  readonly as: string
}

/** @throws OPTION_INVALID naming everything that is wrong, not only the first */
export function readSettings(sources: Sources): Settings {
  const dotenv: Readonly<Record<string, string | undefined>> = sources.dotenv === null ? {} : parseEnv(sources.dotenv)
  const problems: string[] = []
  const settings: Partial<Record<SettingName, unknown>> = {}
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const said = whereSaid(sources, dotenv, name, setting)
    const value = said === null ? setting.fallback : setting.read(said.text)
    if (value === undefined) problems.push(`${said!.as} is '${said!.text}': it takes ${setting.takes}`)
    settings[name] = value
  }
  problems.push(...unknownVariables(sources.environment, ''), ...unknownVariables(dotenv, ' in .env'))
  const cluster = CLUSTER_VARIABLES.filter(v => isSaid(sources.environment[v]) || isSaid(dotenv[v]))
  if (cluster.length > 0) {
    problems.push(
      `${cluster.join(', ')}: this version runs embedded only (log, registry, state and tables in this process, in the data directory); unset ${cluster.length === 1 ? 'it' : 'them'}, or they would be passed over silently`,
    )
  }
  if (problems.length > 0) throw wrongSettings(problems)
  return settings as Settings
}

/** An empty variable counts as not set; an empty option was typed on purpose. */
const isSaid = (text: string | undefined): text is string => text !== undefined && text !== ''

function whereSaid(
  { commandLine, environment }: Sources,
  dotenv: Readonly<Record<string, string | undefined>>,
  name: SettingName,
  { option, variable }: Setting<unknown>,
): Said | null {
  const typed = commandLine[name]
  if (typed !== undefined) return { text: typed, as: option.split(' ')[0]! }
  const set = environment[variable]
  if (isSaid(set)) return { text: set, as: variable }
  const written = dotenv[variable]
  return isSaid(written) ? { text: written, as: `${variable} in .env` } : null
}

/** A misspelt variable would be passed over in silence. */
function unknownVariables(variables: Readonly<Record<string, string | undefined>>, where: string): readonly string[] {
  const known = [...Object.values(SETTINGS).map(s => s.variable), ...OTHER_VARIABLES]
  return Object.keys(variables)
    .filter(v => v.startsWith('MILLRACE_') && !known.includes(v))
    .map(v => `${v}${where} is no setting.${didYouMean(v, known)}`)
}
