// A schema registry with Confluent's API: Apicurio, which keeps its schemas in memory.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon, freePorts } from './daemon.ts'
import { orNull, unpacked } from './maven.ts'

const VERSION = '2.6.13.Final'

const programs = (): string => unpacked(`apicurio-${VERSION}`, `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`)
/** The folder of its jars, fetched if need be; null when there is no Java or they cannot be had. */
export const registryPrograms = (): string | null => orNull(programs)

export interface RegistryServer {
  readonly url: string
  readonly daemon: Daemon
}

export async function startRegistry(directory: string): Promise<RegistryServer> {
  const folder = programs()
  const jar = readdirSync(folder).find(name => name.endsWith('-runner.jar'))
  if (jar === undefined) throw new Error(`no runner.jar in ${folder}`)
  const [port] = await freePorts(1)
  const at = `http://127.0.0.1:${port}`
  const settings = [`-Dquarkus.http.host=127.0.0.1`, `-Dquarkus.http.port=${port}`, '-Dregistry.rules.global.compatibility=BACKWARD']
  const daemon = new Daemon({
    command: 'java',
    args: ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...settings, '-jar', join(folder, jar)],
    cwd: folder,
    log: join(directory, 'registry.log'),
    serves: async () => (await fetch(`${at}/health/ready`)).ok,
  })
  await daemon.start()
  return { url: `${at}/apis/ccompat/v7`, daemon }
}
