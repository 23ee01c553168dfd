import { isSameDatabase, locate, type PostgresLocation } from '../database/index.ts'
import { ConnectionString, failureOf } from '../kernel/index.ts'
import type { Connection } from './connection.ts'
import type { Project } from './project.ts'
import type { EnvironmentConfig } from './slipway-config.ts'
import { valuesInFilesOf } from './variables.ts'

/**
 * The environments whose configuration names one of these databases, in any spelling. The shell's value
 * of a variable through which the project itself connects proves nothing; its value in `.env.<name>`
 * counts.
 */
export async function ownersOf(
  project: Project,
  connections: readonly Connection[],
): Promise<string[]> {
  const places = connections.flatMap((one) => (one.kind === 'set' ? locate(one.url) : []))
  const owners: string[] = []
  for (const [name, environment] of Object.entries(project.config.environments ?? {})) {
    const own = await placesOf(project, name, environment)
    if (own.some((place) => places.some((other) => isSameDatabase(place, other)))) owners.push(name)
  }
  return owners
}

async function placesOf(
  project: Project,
  name: string,
  environment: EnvironmentConfig,
): Promise<PostgresLocation[]> {
  const texts = await ownConnectionTexts(project, name, environment)
  return texts.flatMap((text) => placeOf(text) ?? [])
}

/** The connection strings that the configuration gives only to this environment. */
export async function ownConnectionTexts(
  project: Project,
  name: string,
  { url, directUrl }: EnvironmentConfig,
): Promise<string[]> {
  const texts: string[] = []
  for (const text of [url, directUrl]) {
    if (text === undefined) continue
    if (text.startsWith('env:')) {
      const variable = text.slice('env:'.length)
      texts.push(...(await valuesInFilesOf(name, variable, project.envFolders)))
      const value = project.variables.get(variable)?.value
      if (value && !sharedVariables(project, name).has(variable)) texts.push(value)
    } else texts.push(text)
  }
  return texts
}

/** The variables through which the project, or another environment of its configuration, connects. */
function sharedVariables(project: Project, name: string): Set<string> {
  const { connection, direct, config } = project
  const ofProject = [connection, direct].flatMap((one) =>
    one.kind === 'none' ? [] : (one.variable ?? []),
  )
  const others = Object.entries(config.environments ?? {}).flatMap(([other, { url, directUrl }]) =>
    other === name ? [] : [url, directUrl],
  )
  const named = others.flatMap((text) =>
    text?.startsWith('env:') ? text.slice('env:'.length) : [],
  )
  return new Set([...ofProject, ...named, 'DATABASE_URL'])
}

/** Undefined if it cannot be read, which is reported when the environment is used. */
function placeOf(text: string): PostgresLocation | undefined {
  try {
    return locate(new ConnectionString(text))
  } catch (error) {
    if (failureOf(error) === undefined) throw error
    return undefined
  }
}
