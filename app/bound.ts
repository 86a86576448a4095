// What binds a command to this process.
import type { Command } from 'commander'
import { type Setting, SETTINGS, type SettingName, type Settings } from '#lib/config/settings.ts'
import type { Screen } from '#lib/cli/text/screen.ts'
import type { Inspection } from '#lib/ports/inspection.ts'

/** What every command is given. */
export interface Bound {
  readonly screen: Screen
  readonly version: string
  /** @throws OPTION_INVALID naming everything that is wrong */
  settings(options: Options): Settings
  /** Asks the system of the data directory that the options name. */
  inspecting<T>(options: Options, ask: (inspection: Inspection) => Promise<T>): Promise<T>
  /** How a command ends that does not end with 0. */
  exit(code: number): void
}
/** As commander gives them: the text of every option that was typed. */
export type Options = Readonly<Record<string, unknown>>

/** Adds options for settings, with the texts that the settings have. */
export function withSettings(command: Command, ...names: readonly SettingName[]): Command {
  for (const name of names) {
    const { option, means } = SETTINGS[name] as Setting<unknown>
    command.option(option, means)
  }
  return command
}
