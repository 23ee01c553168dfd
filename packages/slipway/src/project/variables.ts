import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** A value of the environment, and where it comes from: `shell`, or the file that set it. */
export interface Variable {
  readonly value: string
  readonly source: string
}

/** A variable that a file sets as well, but which the shell (or an earlier file) decides. */
export interface Overridden {
  readonly name: string
  /** The file whose value is ignored. */
  readonly file: string
  /** Whose value counts: `shell`, or another file. */
  readonly by: string
}

/**
 * The environment of the project. It contains secrets, so it consists of functions, which nothing prints.
 */
export interface Variables {
  get(name: string): Variable | undefined
  /** The names that have exactly this value. */
  namesOf(value: string): string[]
  /** All variables, for running a configuration file. */
  all(): Record<string, string>
  /** Values in files that differ from the effective one. */
  readonly overridden: readonly Overridden[]
  /** The `.env` files that were read, relative to the root. */
  readonly files: readonly string[]
}

export interface ReadVariablesOptions {
  readonly root: string
  readonly shell: Readonly<Record<string, string | undefined>>
  /** Folders whose `.env` is read, in order of precedence. */
  readonly folders: readonly string[]
  /** Reads `.env.<environment>` before each `.env`. */
  readonly environment?: string | undefined
  /** Replaces `$NAME` and `${NAME:-default}` in values, as Prisma 5 and 6 do. */
  readonly expand: boolean
}

/**
 * Reads the `.env` files of a project. The shell always wins, then the file read first: Prisma's
 * rule (https://www.prisma.io/docs/orm/more/development-environment/environment-variables).
 */
export async function readVariables(options: ReadVariablesOptions): Promise<Variables> {
  const values = new Map<string, Variable>()
  for (const [name, value] of Object.entries(options.shell)) {
    if (value !== undefined) values.set(name, { value, source: 'shell' })
  }
  const overridden: Overridden[] = []
  const files: string[] = []
  for (const file of envFiles(options)) {
    const shown = path.relative(options.root, file) || file
    files.push(shown)
    for (const [name, value] of await parseEnvFile(file, values, options.expand)) {
      const earlier = values.get(name)
      if (earlier === undefined) values.set(name, { value, source: shown })
      else if (earlier.value !== value) overridden.push({ name, file: shown, by: earlier.source })
    }
  }
  return createVariables(values, overridden, files)
}

/** The same variables with those that a configuration file set while it ran. */
export function withChanges(
  variables: Variables,
  after: Readonly<Record<string, string | undefined>>,
  source: string,
): Variables {
  const values = new Map<string, Variable>()
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue
    const before = variables.get(name)
    values.set(name, before?.value === value ? before : { value, source })
  }
  return createVariables(values, variables.overridden, variables.files)
}

/** The values of a variable in `.env.<environment>` files, regardless of the shell; each value once. */
export async function valuesInFilesOf(
  environment: string,
  name: string,
  folders: readonly string[],
): Promise<string[]> {
  const files = folders.map((folder) => path.join(folder, `.env.${environment}`))
  const { parse } = await import('dotenv')
  const values = files
    .filter((file) => existsSync(file))
    .flatMap((file) => parse(readFileSync(file))[name] ?? [])
  return [...new Set(values)]
}

function createVariables(
  values: ReadonlyMap<string, Variable>,
  overridden: readonly Overridden[],
  files: readonly string[],
): Variables {
  return {
    get: (name) => values.get(name),
    namesOf: (value) =>
      [...values].filter(([, found]) => found.value === value).map(([name]) => name),
    all: () => Object.fromEntries([...values].map(([name, { value }]) => [name, value])),
    overridden,
    files,
  }
}

function envFiles({ folders, environment }: ReadVariablesOptions): string[] {
  const names = environment === undefined ? ['.env'] : [`.env.${environment}`, '.env']
  const files = [...new Set(folders)].flatMap((folder) =>
    names.map((name) => path.join(folder, name)),
  )
  return files.filter((file) => existsSync(file))
}

/** The pairs of a file. `expand` looks a name up in the shell first, then in the file itself. */
async function parseEnvFile(
  file: string,
  earlier: ReadonlyMap<string, Variable>,
  expand: boolean,
): Promise<[string, string][]> {
  const { parse } = await import('dotenv')
  const parsed = parse(readFileSync(file))
  if (!expand) return Object.entries(parsed)
  const done = new Map<string, string>()
  const lookup = (name: string) => earlier.get(name)?.value ?? done.get(name) ?? parsed[name]
  for (const [name, value] of Object.entries(parsed)) done.set(name, expandValue(value, lookup))
  return [...done]
}

const REFERENCE = /(\\)?\$(?:\{(\w+)(?::?-([^}]*))?\}|([A-Za-z_]\w*))/g
const MAX_DEPTH = 10

/**
 * Replaces references to variables. Not done by `dotenv-expand`, because loading it takes 30 ms at every
 * start of the tool.
 */
function expandValue(
  value: string,
  lookup: (name: string) => string | undefined,
  depth = 0,
): string {
  return value.replaceAll(REFERENCE, (whole, escaped, braced, fallback, bare) => {
    if (escaped) return whole.slice(1)
    const found = lookup(braced ?? bare)
    if (found === undefined || found === '') return fallback ?? ''
    return depth < MAX_DEPTH ? expandValue(found, lookup, depth + 1) : ''
  })
}
