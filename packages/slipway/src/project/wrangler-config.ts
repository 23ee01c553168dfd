import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** A D1 database of a Worker in wrangler's configuration. */
export interface D1Binding {
  /** The name through which the Worker accesses it. */
  readonly binding: string
  readonly databaseName?: string
  readonly databaseId?: string
  /** The database that `wrangler dev --remote` uses; its id also names the local file. */
  readonly previewDatabaseId?: string
  /** Absolute; if absent, `migrations` next to the configuration. */
  readonly migrationsDir?: string
  /** As written, relative to the configuration; if absent, every `.sql` file of the migrations folder. */
  readonly migrationsPattern?: string
  /** `d1_migrations` if absent. */
  readonly migrationsTable?: string
}

/** The top level of wrangler's configuration, or one of its environments. */
export interface WranglerEnvironment {
  /** The id of the Cloudflare account, which environments inherit. */
  readonly accountId?: string
  /** The D1 databases, which environments do not inherit. */
  readonly databases: readonly D1Binding[]
}

/** The D1 settings of a wrangler configuration. */
export interface WranglerConfig extends WranglerEnvironment {
  /** Absolute. */
  readonly file: string
  readonly compatibilityDate?: string
  readonly environments: Readonly<Record<string, WranglerEnvironment>>
}

/** The names of the file, in the order in which wrangler looks for them. */
const FILES = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml']

/**
 * The wrangler configuration of a folder, or of the nearest folder above it, up to the root of the
 * repository.
 */
export function findWranglerConfig(from: string): string | undefined {
  for (const folder of foldersUpward(from)) {
    const found = configIn(folder)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * The wrangler configurations of other folders of the repository: up to two levels below the given one or
 * a folder above it, such as `apps/worker` for `packages/database`. Outside of a repository only the
 * parent folder is searched.
 */
export function findOtherWorkers(from: string): string[] {
  const upward = foldersUpward(from)
  const searched = upward.some(isRepository) ? upward : upward.slice(0, 2)
  const places = searched.flatMap((folder) =>
    subfoldersOf(folder).flatMap((below) => [below, ...subfoldersOf(below)]),
  )
  const found = places.flatMap((place) => configIn(place) ?? [])
  return [...new Set(found)].toSorted()
}

function configIn(folder: string): string | undefined {
  const name = FILES.find((one) => existsSync(path.join(folder, one)))
  return name === undefined ? undefined : path.join(folder, name)
}

function foldersUpward(from: string): string[] {
  const folders: string[] = []
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    folders.push(folder)
    if (isRepository(folder) || folder === path.dirname(folder)) return folders
  }
}

function isRepository(folder: string): boolean {
  return existsSync(path.join(folder, '.git'))
}

function subfoldersOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name))
      .map((entry) => path.join(folder, entry.name))
  } catch {
    return []
  }
}

/** Reads a wrangler configuration. Fails with PROJECT.CONFIG_INVALID; `shown` is its path in messages. */
export async function readWranglerConfig(file: string, shown: string): Promise<WranglerConfig> {
  const root = reader(await parse(file, shown), '', shown)
  const top = environmentOf(root, path.dirname(file))
  const environments = Object.entries(root.record('env') ?? {}).map(([name, value]) => {
    const own = environmentOf(reader(value, `env.${name}.`, shown), path.dirname(file))
    const accountId = own.accountId ?? top.accountId
    return [name, { ...own, ...(accountId === undefined ? {} : { accountId }) }] as const
  })
  return {
    file,
    ...defined({ compatibilityDate: root.text('compatibility_date') }),
    ...top,
    environments: Object.fromEntries(environments),
  }
}

/** Uses the same parsers as wrangler, so that both accept the same files. */
async function parse(file: string, shown: string): Promise<unknown> {
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  return file.endsWith('.toml') ? await parseToml(text, shown) : await parseJsonc(text, shown)
}

async function parseToml(text: string, shown: string): Promise<unknown> {
  const { parse: parseText, TomlError } = await import('smol-toml')
  try {
    return parseText(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [why = ''] = error.message.split('\n')
    return refuse(shown, `${why}.`, error.line)
  }
}

async function parseJsonc(text: string, shown: string): Promise<unknown> {
  const { parse: parseText, printParseErrorCode } = await import('jsonc-parser')
  const errors: import('jsonc-parser').ParseError[] = []
  const value: unknown = parseText(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first === undefined) return value
  const line = text.slice(0, first.offset).split('\n').length
  return refuse(shown, `It is not JSON with comments: ${printParseErrorCode(first.error)}.`, line)
}

function environmentOf(from: Reader, folder: string): WranglerEnvironment {
  const accountId = from.text('account_id')
  return {
    // Like wrangler, ignores an empty id.
    ...(accountId ? { accountId } : {}),
    databases: from.records('d1_databases').map((one) => bindingOf(one, folder)),
  }
}

function bindingOf(from: Reader, folder: string): D1Binding {
  const migrationsDir = from.text('migrations_dir')
  return {
    binding: from.text('binding') ?? from.refuseText('binding'),
    ...defined({
      databaseName: from.text('database_name'),
      databaseId: from.text('database_id'),
      previewDatabaseId: from.text('preview_database_id'),
      migrationsDir: migrationsDir === undefined ? undefined : path.resolve(folder, migrationsDir),
      migrationsPattern: from.text('migrations_pattern'),
      migrationsTable: from.text('migrations_table'),
    }),
  }
}

/** Reads the values of an object, and checks their types. */
interface Reader {
  text(key: string): string | undefined
  record(key: string): Record<string, unknown> | undefined
  records(key: string): Reader[]
  refuseText(key: string): never
}

function reader(value: unknown, at: string, shown: string): Reader {
  const expected = (key: string, type: string) => refuse(shown, `${at}${key} must be ${type}.`)
  const values = recordOf(value) ?? refuse(shown, `${at.slice(0, -1) || 'It'} must be an object.`)
  return {
    text(key) {
      const found = values[key]
      if (found === undefined || typeof found === 'string') return found
      return expected(key, 'a string')
    },
    record(key) {
      const found = values[key]
      return found === undefined ? undefined : (recordOf(found) ?? expected(key, 'an object'))
    },
    records(key) {
      const found = values[key] ?? []
      if (!Array.isArray(found)) return expected(key, 'a list')
      return found.map((one, index) => reader(one, `${at}${key}[${index}].`, shown))
    },
    refuseText: (key) => expected(key, 'a string'),
  }
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isRecord ? (value as Record<string, unknown>) : undefined
}

/** `exactOptionalPropertyTypes`: a key is absent, never undefined. */
function defined<T extends Readonly<Record<string, string | undefined>>>(
  values: T,
): { [Key in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: string
  }
}

function refuse(shown: string, why: string, line?: number): never {
  return raise('PROJECT.CONFIG_INVALID', {
    message: `${shown} cannot be used.`,
    why,
    nextActions: [
      advice(`Correct ${shown}: https://developers.cloudflare.com/workers/wrangler/configuration/`),
    ],
    where: { file: shown, ...(line === undefined ? {} : { line }) },
  })
}
