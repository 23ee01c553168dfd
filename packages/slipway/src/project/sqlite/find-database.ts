import path from 'node:path'
import { type Address, sqliteAddressOf } from '../../database/index.ts'
import { advice, command } from '../../kernel/index.ts'
import { type Connection, environmentConnection, givenConnection } from '../connection.ts'
import type { D1Location } from '../d1-config.ts'
import { raise } from '../failures.ts'
import type { DatabaseRequest, FoundDatabase } from '../found-database.ts'
import type { Project, Setting } from '../project.ts'
import { findOtherWorkers } from '../wrangler-config.ts'
import { chooseD1, type D1Choice, usualLocation } from './choose-d1.ts'
import { localD1, remoteD1 } from './d1-database.ts'
import { sqliteOwners } from './owners.ts'

/** A SQLite or D1 database, and the settings that show where it is. */
export interface Place {
  readonly address: Address
  readonly source: string
  readonly settings: readonly Setting[]
}

/**
 * Finds the selected SQLite file or D1 database, in this order: the one in `--url`; with `--local` or
 * `--remote`, the one in wrangler's configuration; the `url` of the environment; the one in wrangler's
 * configuration, if any; the one that Prisma would connect to. Fails with PROJECT.URL_MISSING,
 * PROJECT.ENV_CONFLICT, PROJECT.WRANGLER_MISSING, the PROJECT.D1_ codes, DATABASE.URL_INVALID or
 * DATABASE.PROVIDER_UNSUPPORTED.
 */
export async function findSqlite(
  project: Project,
  request: DatabaseRequest,
): Promise<FoundDatabase> {
  const { place, location, own } = choosePlace(project, request)
  const { address, source, settings } = place
  const isRemote = location === 'remote'
  return {
    source,
    local: !isRemote,
    own,
    owners: await sqliteOwners(project, address),
    in: () => ({
      address,
      schemas: ['main'],
      place: [...settings, ...locationSetting(project, request, location)],
      more: [],
    }),
  }
}

interface Chosen {
  readonly place: Place
  /** The location of a D1 database. */
  readonly location?: D1Location
  readonly own: boolean
}

function choosePlace(project: Project, request: DatabaseRequest): Chosen {
  const { named, urlFlag, location, unused } = request
  const environment = named === undefined ? undefined : project.config.environments?.[named]
  const given = urlFlag === undefined ? project.given : givenConnection(urlFlag, '--url')
  if (location === undefined) {
    if (given.kind !== 'none') {
      return fileOf(project, request, { connection: given, folder: project.cwd })
    }
    const url = environmentUrl(project, named)
    if (url.kind !== 'none') {
      const file = fileOf(project, request, { connection: url, folder: project.fileBase })
      return { ...file, own: true }
    }
  }
  const choice = chooseD1(project, named)
  if (choice.kind === 'none' && location !== undefined) refuseWithoutD1(project, location)
  if (choice.kind === 'none') {
    const { connection, fileBase: folder } = project
    return fileOf(project, request, { connection, folder })
  }
  if (choice.kind === 'unclear') return choice.refuse()
  const at = location ?? usualLocation(project, named)
  const place = at === 'local' ? localD1(project, choice) : remoteOrNone(project, choice, unused)
  const own = at === 'remote' && environment?.d1?.location === 'remote'
  return { place, location: at, own }
}

function remoteOrNone(
  project: Project,
  choice: D1Choice & { readonly kind: 'found' },
  unused: boolean,
): Place {
  return remoteD1(project, choice, unused) ?? { ...NOTHING, source: choice.source }
}

/** Used for a database that is neither needed nor configured. */
const NOTHING: Place = { address: { kind: 'sqlite' }, source: 'none', settings: [] }

/** The `url` of an environment in the configuration; without a name, of `development`. */
function environmentUrl(project: Project, named: string | undefined): Connection {
  const name = named ?? 'development'
  const { url } = project.config.environments?.[name] ?? {}
  const place = `slipway.config environments.${name}.url`
  return environmentConnection(url, project.variables, place)
}

/** `folder` is the base of a relative path. */
function fileOf(
  project: Project,
  request: DatabaseRequest,
  { connection, folder }: { readonly connection: Connection; readonly folder: string },
): Chosen {
  if (connection.kind !== 'set') {
    if (!request.unused) refuseUnset(connection, request.named)
    return { place: NOTHING, own: false }
  }
  const address = sqliteAddressOf(connection.url, folder)
  const { source } = connection
  const value = shownPath(project.root, address.file ?? '')
  const settings = [{ name: 'database', value, source }]
  // wrangler's own file is still a D1 database with its history if it is named by path.
  const known = localFile(project, request.named, address.file)
  return { place: { address: known ?? address, source, settings }, own: false }
}

/** The local D1 database that has this file, if it is the one of wrangler's configuration. */
function localFile(
  project: Project,
  named: string | undefined,
  file: string | undefined,
): Address | undefined {
  const choice = chooseD1(project, named)
  if (choice.kind !== 'found') return undefined
  const { address } = localD1(project, choice)
  return address.kind === 'sqlite' && address.file === file ? address : undefined
}

/** A path for people: relative if it is in the project, or near it. */
function shownPath(root: string, file: string): string {
  const relative = path.relative(root, file)
  return relative.startsWith('../../..') ? file : relative
}

function locationSetting(
  { config }: Project,
  request: DatabaseRequest,
  location: D1Location | undefined,
): Setting[] {
  if (location === undefined) return []
  const name = request.named ?? 'development'
  const configured = config.environments?.[name]?.d1?.location !== undefined
  const usual = configured ? `slipway.config environments.${name}.d1.location` : 'default'
  const source = request.location === undefined ? usual : `--${request.location}`
  return [{ name: 'D1 location', value: location, source }]
}

function refuseWithoutD1({ root, wrangler }: Project, location: D1Location): never {
  if (wrangler !== undefined) {
    const file = shownPath(root, wrangler.file)
    return raise('PROJECT.D1_NOT_CONFIGURED', {
      message: `--${location} means a D1 database, but ${file} has none.`,
      nextActions: [{ kind: 'edit', path: file, label: 'add it to d1_databases' }],
      where: { file },
    })
  }
  const others = findOtherWorkers(root)
    .slice(0, 3)
    .map((file) => path.relative(root, file))
  return raise('PROJECT.WRANGLER_MISSING', {
    message: `--${location} means a D1 database, but there is no wrangler configuration.`,
    why: 'Neither the folder of the project nor one above it has wrangler.jsonc, wrangler.json or wrangler.toml.',
    nextActions: [
      ...others.map((file) => ({
        kind: 'edit' as const,
        path: 'slipway.config.ts',
        label: `name the Worker: d1: { wrangler: '${file}' }`,
      })),
      advice(`Omit --${location} if the database is a SQLite file.`),
    ],
  })
}

function refuseUnset(
  connection: Connection & { readonly kind: 'unset' | 'none' },
  named: string | undefined,
): never {
  const environment = named ?? 'this run'
  const isUnset = connection.kind === 'unset'
  const what = isUnset ? `${connection.variable} is not set` : 'no setting names one'
  return raise('PROJECT.URL_MISSING', {
    message: `There is no SQLite file for ${environment}: ${what}.`,
    why: isUnset
      ? `${connection.source} names the variable.`
      : 'There is neither a connection string nor a wrangler configuration with a D1 database.',
    nextActions: [
      advice(
        isUnset
          ? `Set ${connection.variable} to file: and the path of the file, such as file:./dev.db.`
          : 'Set datasource.url of prisma.config.ts to the path of the file: file:./dev.db.',
      ),
      command(['doctor'], 'see each setting and where it comes from'),
    ],
  })
}
