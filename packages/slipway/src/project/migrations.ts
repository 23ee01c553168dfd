import { isUtf8 } from 'node:buffer'
import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { productOf } from '../database/index.ts'
import { advice, command } from '../kernel/index.ts'
import { raise } from './failures.ts'
import {
  compareNames,
  DOWN_FOLDER,
  type MigrationsLayout,
  migrationPaths,
} from './migration-layout.ts'
import { isPrisma8Migration, refusePrisma8 } from './prisma-8.ts'

/** A migration in the project's files. */
export interface MigrationFolder {
  /** The name of its folder, or of its file without `.sql`: what Prisma records as `migration_name`. */
  readonly name: string
  /** The path of its `migration.sql`, or of its file; absolute. */
  readonly path: string
  /** The exact text of the file, including a byte-order mark and CRLF. */
  readonly sql: string
  /** The path of its down migration, which need not exist; present if `downMigrations` was requested. */
  readonly downPath?: string
  readonly down?: string
}

export interface ReadMigrationsOptions {
  /** The provider of the schema: migrations that were written for another database are refused. */
  readonly provider?: string
  /** Treats a missing folder as a history without migrations, for the first `create`. */
  readonly mayBeMissing?: boolean
  /** Also reads down migrations, for callers that roll migrations back. */
  readonly downMigrations?: boolean
  /** `folders` if absent. */
  readonly layout?: MigrationsLayout
}

/**
 * The migrations of a folder in the order in which Prisma applies them: by name, byte by byte; or by
 * number, in a folder with wrangler's layout. Fails with PROJECT.MIGRATIONS_MISSING,
 * PROJECT.MIGRATION_FILE_MISSING, PROJECT.MIGRATION_NOT_UTF8, PROJECT.MIGRATION_DUPLICATE,
 * PROJECT.DOWN_MIGRATION_PLACE, PROJECT.PROVIDER_SWITCHED or PROJECT.PRISMA_8.
 */
export function readMigrations(
  dir: string,
  options: ReadMigrationsOptions = {},
): MigrationFolder[] {
  const entries = listEntries(dir, options)
  if (entries === undefined) return []
  const lock = entries.find((entry) => entry.name === 'migration_lock.toml')
  if (lock) refuseOtherProvider(path.join(dir, lock.name), options.provider)
  if (options.layout === 'flat') return readFlat(dir, entries, options)
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  refuseDuplicates(names, entries)
  return inByteOrder(names).flatMap((name) => readMigration(dir, name, options))
}

/** Reads what wrangler applies: the `.sql` files of the folder itself that do not begin with a dot. */
function readFlat(
  migrationsDir: string,
  entries: readonly Dirent[],
  { downMigrations = false }: ReadMigrationsOptions,
): MigrationFolder[] {
  const layout = 'flat'
  const names = entries
    .filter((entry) => entry.isFile() && /^[^.].*\.sql$/.test(entry.name))
    .map((entry) => entry.name.slice(0, -'.sql'.length))
    .toSorted((one, other) => compareNames(layout, one, other))
  refuseDuplicates(names, [])
  refuseDownBeside(names, migrationsDir)
  return names.flatMap((name) => {
    const { path: file, downPath } = migrationPaths({ migrationsDir, layout }, name)
    const sql = readText(file, name)
    if (sql === undefined) return []
    if (!downMigrations) return [{ name, path: file, sql }]
    const down = readText(downPath, name)
    return [{ name, path: file, sql, downPath, ...(down === undefined ? {} : { down }) }]
  })
}

function refuseDownBeside(names: readonly string[], dir: string): void {
  const all = new Set(names)
  const down = names.find(
    (name) => name.endsWith('.down') && all.has(name.slice(0, -'.down'.length)),
  )
  if (down === undefined) return
  const file = shown(path.join(dir, `${down}.sql`))
  const place = `${DOWN_FOLDER}/${down.slice(0, -'.down'.length)}.sql`
  raise('PROJECT.DOWN_MIGRATION_PLACE', {
    message: `wrangler would apply ${down}.sql as a migration.`,
    why: `It treats every .sql file in the folder as a migration. Slipway reads down migrations from ${DOWN_FOLDER}/.`,
    nextActions: [{ kind: 'edit', path: file, label: `move it to ${place}` }],
    where: { file },
  })
}

function listEntries(dir: string, options: ReadMigrationsOptions): Dirent[] | undefined {
  try {
    return readdirSync(dir, { withFileTypes: true })
  } catch (error) {
    const isFile = statSync(dir, { throwIfNoEntry: false })?.isFile() ?? false
    if (options.mayBeMissing && !isFile) return undefined
    return raise('PROJECT.MIGRATIONS_MISSING', {
      message: `There is no migrations folder at ${shown(dir)}.`,
      why: isFile
        ? 'A file has that name.'
        : 'Without migrations there is nothing to compare or to deploy.',
      nextActions: [
        command(['create', 'init'], 'write the first migration from the schema'),
        command(['baseline'], 'start from a database that already has tables'),
      ],
      cause: error,
    })
  }
}

function readMigration(
  dir: string,
  name: string,
  { downMigrations }: ReadMigrationsOptions,
): MigrationFolder[] {
  // For a thousand folders, joining paths by hand is faster than path.join, which normalises them.
  const file = `${dir}${path.sep}${name}${path.sep}migration.sql`
  const sql = readText(file, name)
  if (sql === undefined) {
    // Folders of editors and file managers are not migrations; those of Prisma do not begin with a dot.
    if (name.startsWith('.')) return []
    if (isPrisma8Migration(path.join(dir, name))) refusePrisma8(shown(path.join(dir, name)))
    return refuseWithoutFile(name, file)
  }
  if (!downMigrations) return [{ name, path: file, sql }]
  const downPath = path.join(dir, name, 'down.sql')
  if (!existsSync(downPath)) return [{ name, path: file, sql, downPath }]
  return [{ name, path: file, sql, downPath, down: readText(downPath, name) ?? '' }]
}

function readText(file: string, name: string): string | undefined {
  try {
    if (!(statSync(file, { throwIfNoEntry: false })?.isFile() ?? true)) return undefined
    // Decoding in Node's native read is twice as fast, but replaces invalid UTF-8 with U+FFFD.
    const text = readFileSync(file, 'utf8')
    return text.includes('\ufffd') || text.includes('\0') ? readCarefully(file, name) : text
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'EISDIR') return undefined
    throw error
  }
}

function readCarefully(file: string, name: string): string {
  const bytes = readFileSync(file)
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8')
  return raise('PROJECT.MIGRATION_NOT_UTF8', {
    message: `${path.basename(file)} of migration ${name} is not UTF-8 text.`,
    why: `${encodingOf(bytes)} Prisma and the database read a migration as UTF-8.`,
    nextActions: [advice('Save the file as UTF-8 in your editor.')],
    where: { file: shown(file) },
  })
}

function encodingOf(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex')
  if (mark === 'fffe' || mark === 'feff') return 'It begins with the byte order mark of UTF-16.'
  // The parser and the server would treat it as the end of the file.
  if (bytes.includes(0)) return 'It contains a NUL byte.'
  return 'It contains bytes that are not valid UTF-8.'
}

function refuseWithoutFile(name: string, file: string): never {
  return raise('PROJECT.MIGRATION_FILE_MISSING', {
    message: `Migration ${name} has no migration.sql.`,
    why: 'The migration was lost, or not written completely.',
    nextActions: [
      { kind: 'edit', path: shown(file), label: 'restore the file from version control' },
      advice(`Remove the folder ${name} if it was never a migration.`),
    ],
    where: { file: shown(file) },
  })
}

/** Names that differ only in case or in Unicode form become one folder on macOS and Windows. */
function refuseDuplicates(names: readonly string[], entries: readonly Dirent[]): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const key = sameName(name)
    const other = seen.get(key)
    if (other !== undefined) refuseDuplicate(other, name)
    seen.set(key, name)
  }
  for (const { name } of entries.filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))) {
    const folder = seen.get(sameName(name.slice(0, -'.sql'.length)))
    if (folder !== undefined) refuseDuplicate(folder, name)
  }
}

function refuseDuplicate(one: string, other: string): never {
  raise('PROJECT.MIGRATION_DUPLICATE', {
    message: `Two migrations have the same name: ${one} and ${other}.`,
    why: 'Some file systems cannot distinguish them, and the history identifies a migration only by its name.',
    nextActions: [advice('Rename the one that no database has applied yet, or remove it.')],
  })
}

function sameName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

/** JavaScript sorts by UTF-16 units, Prisma by bytes: the order is the same only for ASCII. */
function inByteOrder(names: readonly string[]): string[] {
  if (/^[\0-\x7f]*$/.test(names.join(''))) return names.toSorted()
  return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** Like Prisma's P3019: a history cannot move from one database product to another. */
function refuseOtherProvider(file: string, expected: string | undefined): void {
  const written = /^\s*provider\s*=\s*"([^"]*)"/m.exec(readFileSync(file, 'utf8'))?.[1]
  if (written === undefined || expected === undefined) return
  const [old, product] = [productOf(written), productOf(expected)]
  if (old.name === product.name) return
  raise('PROJECT.PROVIDER_SWITCHED', {
    message: `The migrations were written for ${written}, the schema is for ${product.name}.`,
    why: 'SQL of one database product does not run on another; Prisma needs a new history there.',
    nextActions: [
      advice('Move the old migrations to another folder first.'),
      command(['create', 'init'], 'start a new history'),
    ],
    where: { file: shown(file) },
  })
}

/** A path for messages: its last parts, never the location of the project on this machine. */
function shown(file: string): string {
  return path.relative(process.cwd(), file).startsWith('..')
    ? file.split(path.sep).slice(-3).join('/')
    : path.relative(process.cwd(), file) || '.'
}
