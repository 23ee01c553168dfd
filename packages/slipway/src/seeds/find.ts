import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { advice, sha256 } from '../kernel/index.ts'
import { loadConfigurationModule } from '../project/index.ts'
import { raise } from './failures.ts'
import { OWNER_MODES, type OwnerMode, type SeedRow, type SeedRows, type SeedSet } from './set.ts'

/** Where the seeds of a project are looked for. */
export interface SeedsFolder {
  readonly root: string
  /** Folders in the order of preference. */
  readonly folders: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

const CODE = /\.[mc]?[jt]s$/
const DATA = ['.csv', '.ndjson', '.jsonl', '.json', '.sql']
const USUAL_ENVIRONMENTS = ['development', 'testing']

/**
 * Reads all seed sets of a project, by name: a file of code each, or a folder with `set.json` or `set.ts` and its data.
 * What begins with `_` or has no `set` is a helper. Fails with SEEDS.SET_INVALID.
 */
export async function readSeedSets(project: SeedsFolder): Promise<readonly SeedSet[]> {
  const folder = project.folders.find((one) => existsSync(one))
  if (folder === undefined) return []
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )
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
  const sets: SeedSet[] = []
  for (const { name, file, files } of found) {
    const definition = await readDefinition(file, project)
    // Helpers are code that the sets in code may import; data files are read by nobody else.
    const content = CODE.test(file) ? [...files, ...helpers] : files
    sets.push(setOf({ name, file, definition, checksum: checksumOf(folder, content) }))
  }
  return sets
}

function definitionIn(folder: string): string | undefined {
  return ['set.json', 'set.ts', 'set.mts', 'set.js', 'set.mjs']
    .map((name) => path.join(folder, name))
    .find((file) => existsSync(file))
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted()
}

function checksumOf(folder: string, files: readonly string[]): string {
  const parts = files.map((file) => `${path.relative(folder, file)}\0${sha256(readFileSync(file))}`)
  return sha256(parts.join('\n'))
}

async function readDefinition(file: string, { root, environment }: SeedsFolder): Promise<unknown> {
  const shown = path.relative(root, file)
  if (CODE.test(file)) return (await loadConfigurationModule({ file, shown, environment })).exported
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown
  } catch (error) {
    return invalid(file, `It is not JSON: ${error instanceof Error ? error.message : ''}.`)
  }
}

interface Found {
  readonly name: string
  readonly file: string
  readonly definition: unknown
  readonly checksum: string
}

type Json = Readonly<Record<string, unknown>>

function setOf({ name, file, definition, checksum }: Found): SeedSet {
  const set = objectOf(definition)
  if (set === undefined) return invalid(file, 'It must give an object: see defineSeed.')
  const { version, environments = USUAL_ENVIRONMENTS, dependsOn = [], tables, ...others } = set
  refuseOthers(file, others, 'a set')
  if (!Number.isInteger(version) || Number(version) < 1)
    return invalid(file, 'Its version must be a whole number from 1.')
  if (!areTexts(environments)) return invalid(file, 'Its environments must be a list of names.')
  if (!areTexts(dependsOn)) return invalid(file, 'dependsOn must be a list of names of sets.')
  const all = Object.entries(objectOf(tables) ?? {})
  if (all.length === 0) return invalid(file, 'It names no tables.')
  return {
    name,
    file,
    version: Number(version),
    environments,
    dependsOn,
    checksum,
    tables: all.map(([table, given]) => tableOf(file, table, given)),
  }
}

function tableOf(file: string, name: string, given: unknown): SeedSet['tables'][number] {
  const table = objectOf(given)
  if (table === undefined) return invalid(file, `tables.${name} must be an object.`)
  const { key, mode = 'upsert', sensitive = [], rows, ...others } = table
  refuseOthers(file, others, `tables.${name}`)
  if (!areTexts(key) || key.length === 0)
    return invalid(file, `tables.${name}.key must name the fields of its natural key.`)
  if (!isMode(mode))
    return invalid(file, `tables.${name}.mode must be one of ${OWNER_MODES.join(', ')}.`)
  if (!areTexts(sensitive)) return invalid(file, `tables.${name}.sensitive must be a list.`)
  return { name, key, mode, sensitive, rows: rowsOf(file, name, rows) }
}

function rowsOf(file: string, table: string, rows: unknown): SeedSet['tables'][number]['rows'] {
  const folder = path.dirname(file)
  const named =
    typeof rows === 'string'
      ? path.resolve(folder, rows)
      : DATA.map((ending) => path.join(folder, table + ending)).find((one) => existsSync(one))
  if (rows !== undefined && typeof rows !== 'string') {
    const many = typeof rows === 'function' || (typeof rows === 'object' && rows !== null)
    if (many) return rows as SeedRows<SeedRow>
    return invalid(
      file,
      `tables.${table}.rows must be rows, a function that gives them, or a file.`,
    )
  }
  if (named === undefined)
    return invalid(file, `tables.${table} has no rows, and no file ${table}.csv or the like.`)
  if (!DATA.includes(path.extname(named)))
    return invalid(file, `tables.${table}.rows must be a file of ${DATA.join(', ')}.`)
  if (!existsSync(named)) return invalid(file, `There is no file ${path.basename(named)}.`)
  return { file: named }
}

function refuseOthers(file: string, others: Json, where: string): void {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) invalid(file, `${where} has no key ${unknown}.`)
}

function objectOf(value: unknown): Json | undefined {
  const is = typeof value === 'object' && value !== null && !Array.isArray(value)
  return is ? (value as Json) : undefined
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isMode(value: unknown): value is OwnerMode {
  return OWNER_MODES.some((mode) => mode === value)
}

function invalid(file: string, why: string): never {
  return raise('SEEDS.SET_INVALID', {
    message: `The seed set ${path.basename(file)} cannot be used.`,
    why,
    nextActions: [advice('docs/guides/seeds.md shows one.')],
    where: { file },
  })
}
