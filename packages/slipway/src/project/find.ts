import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

const EXTENSIONS = ['.js', '.ts', '.mjs', '.cjs', '.mts', '.cts']
const PRISMA_CONFIGS = [
  ...['prisma7.config', '.config/prisma7'].flatMap(withExtensions),
  ...['prisma.config', '.config/prisma', '.config/prisma.config'].flatMap((base) => [
    ...withExtensions(base),
    ...withExtensions(`${base}/index`),
  ]),
]
const SLIPWAY_CONFIGS = withExtensions('slipway.config')

function withExtensions(base: string): string[] {
  return EXTENSIONS.map((extension) => base + extension)
}

/** The `prisma.config` file of a folder, in the order in which Prisma 7 looks for it. */
export function findPrismaConfig(root: string): string | undefined {
  return firstFile(root, PRISMA_CONFIGS, 'prisma')
}

/** The `slipway.config` file of a folder. */
export function findSlipwayConfig(root: string): string | undefined {
  return firstFile(root, SLIPWAY_CONFIGS, 'slipway.config')
}

/** Lists the folder once, instead of checking each of the thirty names that a configuration may have. */
function firstFile(
  root: string,
  candidates: readonly string[],
  prefix: string,
): string | undefined {
  const near = namesIn(root).filter((name) => name.startsWith(prefix) || name === '.config')
  if (near.length === 0) return undefined
  const found = candidates.find((candidate) => isFile(path.join(root, candidate)))
  return found === undefined ? undefined : path.join(root, found)
}

/** The part of a package.json that Slipway uses. */
export interface PackageJson {
  readonly prisma?: { readonly schema?: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** The package.json of a folder; undefined if there is none or it is not JSON. */
export function readPackageJson(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as PackageJson
  } catch {
    return undefined
  }
}

/**
 * The root of the project that a folder belongs to: the nearest folder upward with a prisma.config, a
 * slipway.config, a schema where Prisma looks for one, or `prisma` in its package.json. The search ends
 * at the root of the repository. Returns the folder itself if nothing is found.
 */
export function findRoot(cwd: string): string {
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    if (isRoot(folder))
      return isPrismaFolderOf(path.dirname(folder), folder) ? path.dirname(folder) : folder
    if (existsSync(path.join(folder, '.git')) || folder === path.dirname(folder))
      return path.resolve(cwd)
  }
}

function isRoot(folder: string): boolean {
  return (
    findPrismaConfig(folder) !== undefined ||
    findSlipwayConfig(folder) !== undefined ||
    defaultSchema(folder) !== undefined ||
    readPackageJson(folder)?.prisma !== undefined
  )
}

/** Whether a command that runs inside `prisma/` is meant for the parent folder. */
function isPrismaFolderOf(parent: string, folder: string): boolean {
  const configured = findPrismaConfig(folder) ?? findSlipwayConfig(folder)
  return (
    path.basename(folder) === 'prisma' &&
    configured === undefined &&
    existsSync(path.join(parent, 'package.json'))
  )
}

/** Where Prisma looks for a schema if no setting names one. */
export const DEFAULT_SCHEMAS = ['schema.prisma', 'prisma/schema.prisma', 'prisma/schema'] as const

/** The first of the default places that has a schema. */
export function defaultSchema(root: string): string | undefined {
  const found = DEFAULT_SCHEMAS.find((place) => holdsSchema(path.join(root, place)))
  return found === undefined ? undefined : path.join(root, found)
}

function holdsSchema(place: string): boolean {
  const stats = statSync(place, { throwIfNoEntry: false })
  if (stats === undefined) return false
  return stats.isFile() || schemaPaths(place).length > 0
}

/**
 * The `*.prisma` files of a schema: the file itself, or all files under a folder in a fixed order.
 * Folders of migrations and dependencies are skipped: a schema folder may contain thousands of them.
 */
export function schemaPaths(schema: string): string[] {
  if (!statSync(schema).isDirectory()) return [schema]
  return readdirSync(schema, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const place = path.join(schema, entry.name)
      if (entry.isDirectory())
        return ['migrations', 'node_modules'].includes(entry.name) ? [] : schemaPaths(place)
      return entry.name.endsWith('.prisma') ? [place] : []
    })
}

/**
 * The migrations folder if no setting names one. Prisma 7 uses `migrations` in the schema folder or next
 * to the schema file. With a schema folder, earlier versions also use the one next to the file with the
 * datasource, or next to the folder. Returns the first that exists, or else where Prisma 7 would create
 * it.
 */
export function defaultMigrationsDir(schema: string, datasourceFile: string): string {
  const folder = statSync(schema).isDirectory() ? schema : path.dirname(schema)
  const places = [folder, path.dirname(datasourceFile)]
  if (folder === schema) places.push(path.dirname(folder))
  const candidates = places.map((place) => path.join(place, 'migrations'))
  return candidates.find((candidate) => existsSync(candidate)) ?? path.join(folder, 'migrations')
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}
