import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Dialect } from '../database/index.ts'
import { lockFileText } from '../engine/index.ts'
import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'

const MAX_NAME = 200
const LOCK_FILE = 'migration_lock.toml'

/**
 * The folder name that Prisma gives a migration: the moment in UTC and the name in snake case.
 * Fails with CREATE.NAME_INVALID if nothing is left of the name.
 */
export function folderName(name: string, now: Date): string {
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
      nextActions: [
        advice('Say in one or two words what the migration does: slipway create add_email'),
      ],
    })
  }
  const moment = now.toISOString().replaceAll(/\D/g, '').slice(0, 14)
  return `${moment}_${snake}`
}

/** Refuses a folder name that exists, with CREATE.NAME_TAKEN. */
export function refuseTaken(migrationsDir: string, name: string): void {
  if (!existsSync(path.join(migrationsDir, name))) return
  raise('CREATE.NAME_TAKEN', {
    message: `A migration ${name} already exists.`,
    why: 'It was written within the same second, under the same name.',
    nextActions: [advice('Run the command again, or choose another name.')],
  })
}

/** The files of a migration, by name. */
export type MigrationFiles = Readonly<
  Partial<Record<'migration.sql' | 'down.sql', string | undefined>>
>

/** Where a migration is written, and in which SQL. */
interface NewMigration {
  readonly migrationsDir: string
  readonly name: string
  readonly dialect: Dialect
}

/**
 * Writes a migration's folder, and the migrations folder with its lock file where they are missing.
 * The folder appears whole or not at all.
 */
export function writeMigrationFolder(
  { migrationsDir, name, dialect }: NewMigration,
  files: MigrationFiles,
): void {
  mkdirSync(migrationsDir, { recursive: true })
  // Beside the migrations folder, not in it: what a crash leaves in it would count as a migration.
  const unfinished = mkdtempSync(path.join(path.dirname(migrationsDir), '.slipway-create-'))
  try {
    for (const [file, text] of Object.entries(files)) {
      if (text !== undefined) writeFileSync(path.join(unfinished, file), text)
    }
    refuseTaken(migrationsDir, name)
    renameSync(unfinished, path.join(migrationsDir, name))
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  const lock = path.join(migrationsDir, LOCK_FILE)
  if (!existsSync(lock)) writeFileSync(lock, lockFileText(dialect))
}
