import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import type { Dialect } from '../database/index.ts'
import { lockFileText } from '../engine/index.ts'
import { advice, assertNever, looksLikeConnectionString, withFolderLock } from '../kernel/index.ts'
import {
  compareNames,
  leadingNumber,
  type MigrationPaths,
  migrationPaths,
  type MigrationsFolder,
  type MigrationsLayout,
  readMigrations,
} from '../project/index.ts'
import type { MigrationFile } from '../statements/index.ts'
import { raise } from './failures.ts'

const MAX_NAME = 200
const LOCK_FILE = 'migration_lock.toml'

/** When a migration is created, and which migrations are applied before it. */
interface Moment {
  readonly now: Date
  /** The migrations of the project, in their order. */
  readonly history: readonly MigrationFile[]
  readonly layout: MigrationsLayout
}

/**
 * The name that Prisma gives a migration: the time in UTC and the name in snake case. It sorts after the
 * whole history: the time is at least a second later than that of the newest migration, whatever the clock
 * says. If folders are numbered and sort after any time, the new one gets the next number. Files are numbered
 * as by wrangler, unless the newest one begins with a time. Fails with CREATE.NAME_INVALID if the name has no
 * letters or digits, and with CREATE.NAME_UNFIT if no name sorts after the history.
 */
export function folderName(words: string, { now, history, layout }: Moment): string {
  const newest = history.at(-1)?.name ?? ''
  const snake = snakeCase(words)
  const names = startsAfter(newest, now, layout).map((start) => `${start}_${snake}`)
  const sorted = names.find((name) => newest === '' || sortsBefore(newest, name, layout))
  return sorted ?? refuseUnfit(newest, layout)
}

function startsAfter(newest: string, now: Date, layout: MigrationsLayout): string[] {
  const [moment = ''] = [momentOf(now), secondAfter(newest)].toSorted().toReversed()
  switch (layout) {
    case 'folders':
      return [moment, numberAfter(newest)].filter((start) => start !== '')
    case 'flat':
      return [/^\d{14}/.test(newest) ? moment : fileNumberAfter(newest)].filter(
        (start) => start !== '',
      )
    default:
      return assertNever(layout)
  }
}

/** Whether the time in a folder name is more than a minute later than the clock. */
export function isAheadOf(now: Date, name: string): boolean {
  return /^\d{14}/.test(name) && name.slice(0, 14) > momentOf(new Date(now.getTime() + 60_000))
}

/** Whether a migration is applied before another, by their names. */
export function sortsBefore(one: string, other: string, layout: MigrationsLayout): boolean {
  return compareNames(layout, one, other) < 0
}

/** Year, month, day, hour, minute and second in UTC, as digits. */
function momentOf(date: Date): string {
  return date.toISOString().replaceAll(/\D/g, '').slice(0, 14)
}

/** The second after the time that a folder name begins with; empty if it begins with none. */
function secondAfter(name: string): string {
  const [, year, month = 0, ...rest] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(name)?.map(Number) ?? []
  if (year === undefined) return ''
  const [day, hour, minute, second = 0] = rest
  return momentOf(new Date(Date.UTC(year, month - 1, day, hour, minute, second + 1)))
}

/**
 * The number after the one that a folder name begins with, in as many digits; empty if it begins with none.
 */
function numberAfter(name: string): string {
  const [digits = ''] = /^\d{1,13}(?!\d)/.exec(name) ?? []
  return digits === '' ? '' : String(Number(digits) + 1).padStart(digits.length, '0')
}

/** The next number, with at least four digits: https://developers.cloudflare.com/d1/reference/migrations/ */
function fileNumberAfter(newest: string): string {
  const number = newest === '' ? 0 : leadingNumber(newest)
  return Number.isNaN(number) ? '' : String(number + 1).padStart(4, '0')
}

function refuseUnfit(newest: string, layout: MigrationsLayout): never {
  if (layout === 'flat') {
    return raise('CREATE.NAME_UNFIT', {
      message: `A new migration would sort before ${newest}.`,
      why: 'wrangler applies files with a number before all others, so a new database would apply the new one too early.',
      nextActions: [
        advice(
          `Rename ${newest}.sql: its name must begin with a number, such as 0001_${newest}.sql.`,
        ),
        advice('In each database that has applied it, also rename it in the table d1_migrations.'),
      ],
    })
  }
  return raise('CREATE.NAME_UNFIT', {
    message: `A new migration would sort before ${newest}.`,
    why: 'Prisma applies migrations in the order of their names, so a new database would apply the new one too early.',
    nextActions: [
      advice(
        `Rename the folder ${newest}: its name must begin with the time in UTC, such as 20260131120000.`,
      ),
      advice(
        'In each database that has applied it, also rename it in the table _prisma_migrations.',
      ),
    ],
  })
}

/**
 * A name as Prisma writes it in a folder name. Fails with CREATE.NAME_INVALID if it has no letters or digits.
 */
export function snakeCase(name: string): string {
  if (looksLikeConnectionString(name)) {
    raise('CREATE.NAME_INVALID', {
      message: 'The name of a migration looks like a connection string.',
      why: 'It may contain a password, and the name would become the name of a folder.',
    })
  }
  const words = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, ' ')
  const snake = words
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter(Boolean)
    .join('_')
    .slice(0, MAX_NAME)
  if (snake === '') {
    raise('CREATE.NAME_INVALID', {
      message: `'${name}' cannot be the name of a migration.`,
      why: 'A name consists of the letters a to z and digits; other characters become underscores.',
      nextActions: [advice('Say in one or two words what the migration does, such as add_email.')],
    })
  }
  return snake
}

function refuseTaken(migration: NewMigration): void {
  const { migrationsDir, name, layout } = migration
  const { path: file } = migrationPaths(migration, name)
  if (!existsSync(layout === 'flat' ? file : path.join(migrationsDir, name))) return
  raise('CREATE.NAME_TAKEN', {
    message: `The migrations folder already has something called ${name}.`,
    nextActions: [advice('Remove it, or choose another name.')],
  })
}

/** The new migration was proven after exactly these migrations. */
function refuseChanged({ migrationsDir, layout, history }: NewMigration): void {
  const found = readMigrations(migrationsDir, { mayBeMissing: true, layout })
  const [was, is] = [history, found].map(
    (migrations) => new Map(migrations.map(({ name, sql }) => [name, sql])),
  )
  const names = new Set([...history, ...found].map(({ name }) => name))
  const changed = [...names].filter((name) => was?.get(name) !== is?.get(name))
  if (changed.length === 0) return
  raise('CREATE.FOLDER_CHANGED', {
    message: `Another process changed the migrations folder in the meantime: ${changed.join(', ')}.`,
    why: 'The new migration was tested without that change, so it was not written.',
    nextActions: [advice('Run the command again.')],
  })
}

function refuseLocked(lockFile: string): never {
  raise('CREATE.FOLDER_LOCKED', {
    message: 'Another process is writing a migration into the same folder.',
    why: `It has held ${path.basename(lockFile)} for more than 10 seconds.`,
    nextActions: [
      advice('Wait for it to end, and run the command again.'),
      advice(`If no other command runs, remove ${path.basename(lockFile)}.`),
    ],
    where: { file: lockFile },
  })
}

/** The files of a migration, by name. */
export type MigrationFiles = Readonly<
  Partial<Record<'migration.sql' | 'down.sql', string | undefined>>
>

/** Where a migration is written, and in which dialect. */
interface NewMigration extends MigrationsFolder {
  readonly name: string
  readonly dialect: Dialect
  /** The migrations of the project that it was tested with, in their order. */
  readonly history: readonly MigrationFile[]
}

/**
 * Writes the files of a migration, and the migrations folder with its lock file if they are missing. Returns
 * their paths. The migration appears completely or not at all. Only one process writes at a time, and only if
 * the other migrations are those that the new one was tested with. Fails with CREATE.FOLDER_CHANGED,
 * CREATE.FOLDER_LOCKED or CREATE.NAME_TAKEN.
 */
export async function writeMigrationFolder(
  migration: NewMigration,
  files: MigrationFiles,
): Promise<MigrationPaths> {
  mkdirSync(migration.migrationsDir, { recursive: true })
  const lockFile = path.join(path.dirname(migration.migrationsDir), '.slipway-create.lock')
  const write = () => {
    refuseChanged(migration)
    writeFolder(migration, files)
    return Promise.resolve()
  }
  await withFolderLock(lockFile, write, refuseLocked)
  return migrationPaths(migration, migration.name)
}

function writeFolder(migration: NewMigration, files: MigrationFiles): void {
  const { migrationsDir, dialect, layout } = migration
  // Next to the migrations folder, not in it: what a crash leaves behind would count as a migration.
  const unfinished = mkdtempSync(path.join(path.dirname(migrationsDir), '.slipway-create-'))
  try {
    copyMode(migrationsDir, unfinished)
    for (const [file, text] of Object.entries(files)) {
      if (text !== undefined) writeFileSync(path.join(unfinished, file), text)
    }
    refuseTaken(migration)
    moveInto(migration, unfinished)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  const lock = path.join(migrationsDir, LOCK_FILE)
  // wrangler has no such file, and Prisma does not read its folder.
  if (layout === 'folders' && !existsSync(lock)) writeFileSync(lock, lockFileText(dialect))
}

/** Gives the unfinished folder the mode of the migrations folder: `mkdtempSync` lets only its owner in. */
function copyMode(migrationsDir: string, unfinished: string): void {
  try {
    chmodSync(unfinished, statSync(migrationsDir).mode)
  } catch {
    // Some mounted file systems have no modes, and refuse. The migration is complete without it.
  }
}

function moveInto(migration: NewMigration, unfinished: string): void {
  const { migrationsDir, name, layout } = migration
  if (layout === 'folders') {
    renameSync(unfinished, path.join(migrationsDir, name))
    return
  }
  const paths = migrationPaths(migration, name)
  const down = path.join(unfinished, 'down.sql')
  // The down migration is moved first, because it is ignored without its migration.
  if (existsSync(down)) {
    mkdirSync(path.dirname(paths.downPath), { recursive: true })
    renameSync(down, paths.downPath)
  }
  renameSync(path.join(unfinished, 'migration.sql'), paths.path)
}
