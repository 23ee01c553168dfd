import { realpathSync } from 'node:fs'
import { type Address, sqliteAddressOf } from '../../database/index.ts'
import { ConnectionString, failureOf } from '../../kernel/index.ts'
import { ownConnectionTexts } from '../owners.ts'
import type { Project } from '../project.ts'
import { chooseD1, usualLocation } from './choose-d1.ts'
import { localD1 } from './d1-database.ts'

/**
 * The environments to which the configuration gives a database: by `url`, or by `d1`. An environment
 * without these settings has its remote database in wrangler's configuration, except `development` and
 * `testing`.
 */
export async function sqliteOwners(project: Project, address: Address): Promise<string[]> {
  const identity = identityOf(address)
  const owners: string[] = []
  for (const name of Object.keys(project.config.environments ?? {})) {
    if (identity !== undefined && (await identitiesOf(project, name)).includes(identity))
      owners.push(name)
  }
  return owners
}

async function identitiesOf(project: Project, name: string): Promise<(string | undefined)[]> {
  const environment = project.config.environments?.[name] ?? {}
  if (environment.url !== undefined) {
    const texts = await ownConnectionTexts(project, name, environment)
    return texts.map((text) => fileIdentity(project, text))
  }
  const choice = chooseD1(project, name)
  if (choice.kind !== 'found') return []
  if (usualLocation(project, name) === 'remote') return [remoteIdentity(choice.database.databaseId)]
  // All environments share one local file, unless the configuration assigns it.
  if (environment.d1?.location !== 'local') return []
  return [identityOf(localD1(project, choice).address)]
}

/** Undefined if it cannot be read, which is reported when the environment is used. */
function fileIdentity({ fileBase }: Project, text: string): string | undefined {
  try {
    return identityOf(sqliteAddressOf(new ConnectionString(text), fileBase))
  } catch (error) {
    if (failureOf(error) === undefined) throw error
    return undefined
  }
}

function identityOf(address: Address): string | undefined {
  if (address.kind === 'd1') return remoteIdentity(address.databaseId)
  if (address.kind !== 'sqlite' || address.file === undefined) return undefined
  try {
    return `file ${realpathSync(address.file)}`
  } catch {
    // It does not exist yet.
    return `file ${address.file}`
  }
}

function remoteIdentity(databaseId: string | undefined): string | undefined {
  return databaseId === undefined ? undefined : `d1 ${databaseId}`
}
