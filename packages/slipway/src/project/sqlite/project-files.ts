import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { defaultMigrationsDir } from '../find.ts'
import { DOWN_FOLDER, type MigrationsLayout } from '../migration-layout.ts'
import type { DialectFiles, MigrationsPlace, ProjectSources } from '../migrations-place.ts'
import {
  type D1Binding,
  findWranglerConfig,
  readWranglerConfig,
  type WranglerConfig,
} from '../wrangler-config.ts'
import { chooseD1 } from './choose-d1.ts'

/**
 * The wrangler configuration of a project, and its migrations folder. The folder in wrangler's
 * configuration comes first: it has the migrations that are applied to D1, and every prisma.config that
 * Prisma generates names another folder.
 */
export async function readSqliteFiles(sources: ProjectSources): Promise<DialectFiles> {
  const wrangler = await readWrangler(sources)
  const migrations = placeOf(sources, wrangler)
  return { migrations, ...(wrangler === undefined ? {} : { wrangler }) }
}

async function readWrangler(sources: ProjectSources): Promise<WranglerConfig | undefined> {
  const { root, config, configFile } = sources
  const named = config.d1?.wrangler
  const from = configFile === undefined ? root : path.dirname(configFile)
  const file = named === undefined ? findWranglerConfig(root) : path.resolve(from, named)
  if (file === undefined) return undefined
  if (!existsSync(file)) refuseMissing(named ?? '')
  return await readWranglerConfig(file, path.relative(root, file))
}

function refuseMissing(named: string): never {
  raise('PROJECT.CONFIG_MISSING', {
    message: `There is no file ${named}, which slipway.config names as d1.wrangler.`,
    nextActions: [advice('Correct the path: it is relative to the folder of slipway.config.')],
  })
}

function placeOf(sources: ProjectSources, wrangler: WranglerConfig | undefined): MigrationsPlace {
  const { schema, prisma, prismaConfig, root, environment } = sources
  const usual = prisma.migrations ?? defaultMigrationsDir(schema.path, schema.datasourceFile)
  const source = prisma.migrations ? prismaConfig : 'beside the schema'
  const database = databaseOf(chooseD1({ ...sources, wrangler }, environment))
  if (wrangler === undefined || database === undefined) {
    return { dir: usual, source, layout: 'folders' }
  }
  const { migrationsDir: named } = database
  if (named !== undefined) {
    const other = named !== usual && hasMigrations(usual) ? { other: usual } : {}
    const said = `migrations_dir of ${path.relative(root, wrangler.file)}`
    return { dir: named, source: said, layout: layoutOnD1(named, database, wrangler), ...other }
  }
  const ofWrangler = path.join(path.dirname(wrangler.file), 'migrations')
  if (!existsSync(usual) && contentOf(ofWrangler).files) {
    return { dir: ofWrangler, source: "wrangler's default", layout: 'flat' }
  }
  const { files, folders } = contentOf(usual)
  return { dir: usual, source, layout: files && !folders ? 'flat' : 'folders' }
}

function hasMigrations(dir: string): boolean {
  const { files, folders } = contentOf(dir)
  return files || folders
}

/** The D1 database that determines the folder; if there are several, only if they agree on it. */
function databaseOf(choice: ReturnType<typeof chooseD1>): D1Binding | undefined {
  if (choice.kind === 'found') return choice.database
  if (choice.kind === 'none') return undefined
  const [first, ...others] = choice.candidates
  return others.every(({ migrationsDir }) => migrationsDir === first?.migrationsDir)
    ? first
    : undefined
}

/** The layout by the content of the folder; for a new one, the layout that wrangler would write. */
function layoutOnD1(
  dir: string,
  { migrationsPattern }: D1Binding,
  wrangler: WranglerConfig,
): MigrationsLayout {
  const pattern = patternIn(dir, migrationsPattern, wrangler)
  if (pattern === '*/migration.sql') return 'folders'
  if (pattern !== '*.sql') return refusePattern(migrationsPattern ?? '', dir)
  const { files, folders } = contentOf(dir)
  if (files && folders) return refuseMixed(dir)
  return folders ? 'folders' : 'flat'
}

/** The pattern without its leading folder. */
function patternIn(dir: string, pattern: string | undefined, { file }: WranglerConfig): string {
  if (pattern === undefined) return '*.sql'
  const folder = path.relative(path.dirname(file), dir).split(path.sep).join('/')
  const normal = path.posix.normalize(pattern.replaceAll('\\', '/'))
  return folder === '' ? normal : normal.replace(`${folder}/`, '')
}

/** Whether a folder has migrations in wrangler's layout, and in Prisma's. */
function contentOf(dir: string): { readonly files: boolean; readonly folders: boolean } {
  if (!existsSync(dir)) return { files: false, folders: false }
  const entries = readdirSync(dir, { withFileTypes: true })
  const isMigration = (name: string) => existsSync(path.join(dir, name, 'migration.sql'))
  return {
    files: entries.some((one) => one.isFile() && /^[^.].*\.sql$/.test(one.name)),
    folders: entries.some(
      (one) => one.isDirectory() && one.name !== DOWN_FOLDER && isMigration(one.name),
    ),
  }
}

function refusePattern(pattern: string, dir: string): never {
  return raise('PROJECT.MIGRATIONS_PATTERN', {
    message: `Slipway cannot read migrations by the pattern ${pattern}, which wrangler's configuration names.`,
    why: 'It reads files of the folder itself, or folders with a migration.sql.',
    nextActions: [
      advice(
        `Make migrations_pattern end with ${path.basename(dir)}/*.sql or ${path.basename(dir)}/*/migration.sql.`,
      ),
    ],
  })
}

function refuseMixed(dir: string): never {
  return raise('PROJECT.MIGRATIONS_MIXED', {
    message: `The folder ${path.basename(dir)} has both migration files and folders with a migration.sql.`,
    why: 'wrangler applies only the files, and Prisma only the folders: some of them would never be applied.',
    nextActions: [
      advice(
        'Keep one layout. If all are folders, set migrations_pattern to */migration.sql of the folder.',
      ),
      advice('Move every other .sql file, such as seed.sql, to another folder.'),
    ],
  })
}
