import { createHash } from 'node:crypto'
import {
  createReadStream,
  type Dirent,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import {
  advice,
  checkExported,
  type FailureDetails,
  mismatchText,
  readJsonFile,
  sha256,
} from '../kernel/index.ts'
import { loadConfigurationModule } from '../project/index.ts'
import { raise } from './failures.ts'
import { parseExactly, duplicateKey } from './json-text.ts'
import { refuseUnreadable } from './rows.ts'
import type { SeedRow, SeedRows, SeedSet, SeedSetFile, SeedSetTable, SeedTable } from './set.ts'

/** Where to search for the seeds of a project. */
export interface SeedsFolder {
  readonly root: string
  /** Folders in the order of preference. */
  readonly folders: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Limits on loading a set. */
  readonly loading?: SetLoading | undefined
}

/** How long code of a set may take to load. */
export interface SetLoading {
  readonly signal?: AbortSignal
  /** One minute if absent. */
  readonly timeoutMs?: number
}

const CODE = /\.[mc]?[jt]s$/
const DATA = ['.csv', '.ndjson', '.jsonl', '.json', '.sql']
const USUAL_ENVIRONMENTS = ['development', 'testing']

/**
 * Reads all seed sets of a project, ordered by name. A set is a code file, or a folder with `set.json` or
 * `set.ts` and its data. Files that begin with `_` and folders without a `set` are helpers. Fails with
 * SEEDS.SET_INVALID, SEEDS.FILE_INVALID, or SEEDS.CODE_FAILED if its code throws, lacks a package or does not
 * finish loading.
 */
export async function readSeedSets(project: SeedsFolder): Promise<readonly SeedSet[]> {
  const folder = project.folders.find((one) => existsSync(one))
  if (folder === undefined) return []
  const entries = entriesOf(folder).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const helpers: string[] = []
  const found: { readonly name: string; readonly file: string; readonly files: string[] }[] = []
  for (const entry of entries) {
    const own = path.join(folder, entry.name)
    const definition = entry.isDirectory() ? definitionIn(own) : undefined
    if (definition !== undefined) {
      found.push({ name: entry.name, file: definition, files: filesBelow(own) })
    } else if (entry.isDirectory()) {
      helpers.push(...filesBelow(own))
    } else if (CODE.test(entry.name) && !/^[._]|\.(?:test|d)\.[mc]?ts$/.test(entry.name)) {
      found.push({ name: entry.name.replace(CODE, ''), file: own, files: [own] })
    } else {
      helpers.push(own)
    }
  }
  for (const [at, { name, file }] of found.entries()) {
    const other = found.slice(0, at).find((one) => one.name === name)
    if (other) invalid(file, `${path.relative(folder, other.file)} is a set with the same name.`)
  }
  const sets: SeedSet[] = []
  for (const { name, file, files } of found) {
    const definition = await readDefinition(file, project)
    // Sets in code may import helpers; a set of data files uses only its own files.
    const content = CODE.test(file) ? [...files, ...helpers] : files
    sets.push(
      setOf({
        name,
        file,
        definition,
        root: project.root,
        checksum: await checksumOf(folder, content),
      }),
    )
  }
  return sets
}

function definitionIn(folder: string): string | undefined {
  return ['set.json', 'set.ts', 'set.mts', 'set.js', 'set.mjs']
    .map((name) => path.join(folder, name))
    .find((file) => existsSync(file))
}

function filesBelow(folder: string): string[] {
  return entriesOf(folder, true)
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .toSorted()
}

function entriesOf(folder: string, recursive = false): Dirent[] {
  try {
    return readdirSync(folder, { recursive, withFileTypes: true })
  } catch (error) {
    refuseUnreadable(folder, error)
    throw error
  }
}

async function checksumOf(folder: string, files: readonly string[]): Promise<string> {
  const parts: string[] = []
  for (const file of files) parts.push(`${path.relative(folder, file)}\0${await sumOf(file)}`)
  return sha256(parts.join('\n'))
}

/** Streams the file, because a data file may be larger than the memory. */
async function sumOf(file: string): Promise<string> {
  const digest = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file)) digest.update(chunk as Uint8Array)
  } catch (error) {
    refuseUnreadable(file, error)
    throw error
  }
  return digest.digest('hex')
}

async function readDefinition(
  file: string,
  { root, environment, loading }: SeedsFolder,
): Promise<Definition> {
  const schema = () => import('./seed-set.schema.json', { with: { type: 'json' } })
  if (!CODE.test(file)) {
    const read = await readJsonFile<SeedSetFile>(file, schema)
    return 'why' in read ? invalid(file, read.why) : withExactRows(file, read.value as Definition)
  }
  const shown = path.relative(root, file)
  const refuse = (details: FailureDetails) => raise('SEEDS.CODE_FAILED', details)
  const { exported } = await loadConfigurationModule({
    file,
    shown,
    environment,
    refuse,
    ...loading,
  })
  const checked = await checkExported<SeedSetFile>(withoutRows(exported), schema)
  return 'value' in checked
    ? (exported as Definition)
    : invalid(file, mismatchText(checked.mismatch))
}

/** Replaces the inline rows of a `set.json` by rows whose numbers keep their exact digits. */
function withExactRows(file: string, definition: Definition): Definition {
  const exact = parseExactly(readFileSync(file, 'utf8')) as object
  const repeated = duplicateKey(exact, 'within')
  if (repeated !== undefined)
    return invalid(file, `It has the key ${JSON.stringify(repeated)} twice in one object.`)
  const tables = objectOf(objectOf(exact)?.['tables'])
  const given = Object.entries(definition.tables).map(([name, table]) => {
    const rows = objectOf(tables?.[name])?.['rows']
    return [name, Array.isArray(rows) ? { ...table, rows: rows as SeedRow[] } : table] as const
  })
  return { ...definition, tables: Object.fromEntries(given) }
}

/** Removes rows that come from a function or a stream, which the schema of `set.json` cannot describe. */
function withoutRows(definition: unknown): unknown {
  const tables = objectOf(objectOf(definition)?.['tables'])
  if (tables === undefined) return definition
  const bare = Object.entries(tables).map(([name, table]) => {
    const rows = objectOf(table)?.['rows']
    return [name, isManyRows(rows) ? { ...objectOf(table), rows: [] } : (table ?? null)] as const
  })
  return { ...objectOf(definition), tables: Object.fromEntries(bare) }
}

function isManyRows(rows: unknown): rows is SeedRows<SeedRow> {
  if (typeof rows === 'function') return true
  return (
    typeof rows === 'object' &&
    rows !== null &&
    (Symbol.iterator in rows || Symbol.asyncIterator in rows)
  )
}

/** A definition that matches the schema. */
interface Definition extends Omit<SeedSetFile, 'tables'> {
  readonly tables: Readonly<
    Record<string, Omit<SeedTable, 'rows'> & { readonly rows?: SeedTable['rows'] }>
  >
}

interface Found {
  readonly name: string
  readonly file: string
  readonly definition: Definition
  /** The project's root folder. */
  readonly root: string
  readonly checksum: string
}

function setOf({ name, file, definition, root, checksum }: Found): SeedSet {
  const { version, environments = USUAL_ENVIRONMENTS, dependsOn = [] } = definition
  const tables = Object.entries(definition.tables).map(([table, given]) => {
    const { key, mode = 'upsert', sensitive = [], cascade = [] } = given
    const rows = rowsOf({ file, root }, table, given.rows)
    return { name: table, key, mode, sensitive, cascade, rows }
  })
  return { name, file, version, environments, dependsOn, checksum, tables }
}

function rowsOf(
  { file, root }: Pick<Found, 'file' | 'root'>,
  table: string,
  rows: SeedTable['rows'] | undefined,
): SeedSetTable['rows'] {
  if (rows !== undefined && typeof rows !== 'string') return rows
  const folder = path.dirname(file)
  const named =
    rows === undefined
      ? DATA.map((ending) => path.join(folder, table + ending)).find((one) => existsSync(one))
      : path.resolve(folder, rows)
  if (named === undefined)
    return invalid(file, `tables.${table} has no rows, and no file ${table}.csv or similar.`)
  if (!DATA.includes(path.extname(named)))
    return invalid(file, `tables.${table}.rows must be a file of ${DATA.join(', ')}.`)
  if (!existsSync(named)) return invalid(file, `There is no file ${path.basename(named)}.`)
  // A set may be anyone's work, and must not copy other files of this machine to a database.
  const [real, top] = [realpathSync(named), realpathSync(root)]
  if (!real.startsWith(top + path.sep))
    return invalid(file, `The file of tables.${table} is outside the project.`)
  return { file: named }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const is = typeof value === 'object' && value !== null && !Array.isArray(value)
  return is ? (value as Readonly<Record<string, unknown>>) : undefined
}

function invalid(file: string, why: string): never {
  return raise('SEEDS.SET_INVALID', {
    message: `The seed set ${path.basename(file)} cannot be used.`,
    why,
    nextActions: [advice('See docs/guides/seeds.md for an example.')],
    where: { file },
  })
}
