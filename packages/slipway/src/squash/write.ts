import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { writeMigrationFolder } from '../create/index.ts'
import type { Dialect } from '../database/index.ts'
import { advice, command } from '../kernel/index.ts'
import {
  git,
  type MigrationFolder,
  migrationPaths,
  type MigrationsFolder,
  proofPath,
} from '../project/index.ts'
import { checksum, squashedIn } from '../statements/index.ts'
import { raise } from './failures.ts'
import type { Squash } from './squash.ts'

/** Where a squash is written, and what was accepted. */
export interface WriteRequest extends MigrationsFolder {
  /** All migrations of the project from which the squash was made. */
  readonly migrations: readonly MigrationFolder[]
  /** The dialect of the project's SQL. */
  readonly dialect: Dialect
  /** Whether to remove folders although version control does not have their current content. */
  readonly acceptUncommitted: boolean
}

/**
 * Writes the folder of a squash in one step, and then removes the folders that it replaces. If it is
 * interrupted in between, both exist: `unfinishedSquash` finds that, and `finishSquash` continues.
 * Returns the path of the migration.sql. Fails with SQUASH.UNCOMMITTED.
 */
export async function writeSquash(squash: Squash, request: WriteRequest): Promise<string> {
  const { migrationsDir, layout, migrations, dialect } = request
  const { name, sql, down, squashed } = squash
  const problem = request.acceptUncommitted ? undefined : await uncommitted(squashed, request)
  if (problem !== undefined) refuseUncommitted(problem)
  const files = { 'migration.sql': sql, 'down.sql': down.sql }
  const folder = { migrationsDir, layout, name, dialect, history: migrations }
  const written = await writeMigrationFolder(folder, files)
  removeFolders(squashed, request)
  return written.path
}

/** A squash next to folders that it replaces: the command that wrote it was interrupted. */
export interface UnfinishedSquash {
  readonly name: string
  /** The folders that still exist. */
  readonly left: readonly MigrationFolder[]
}

/** The squash that was not completely written, if there is one. Pure. */
export function unfinishedSquash(
  migrations: readonly MigrationFolder[],
): UnfinishedSquash | undefined {
  for (const { name, sql } of migrations) {
    const names = new Set(squashedIn(sql).map((one) => one.name))
    const left = migrations.filter((one) => names.has(one.name))
    if (left.length > 0) return { name, left }
  }
  return undefined
}

/** Removes the folders that an unfinished squash replaces. Fails with SQUASH.CHANGED if one has changed. */
export function finishSquash(
  { name, left }: UnfinishedSquash,
  request: MigrationsFolder & Pick<WriteRequest, 'migrations'>,
): void {
  const squash = request.migrations.find((one) => one.name === name)
  const known = new Map(squashedIn(squash?.sql ?? '').map((one) => [one.name, one.checksums]))
  const changed = left.find((one) => !known.get(one.name)?.includes(checksum(one.sql)))
  if (changed) {
    raise('SQUASH.CHANGED', {
      message: `${changed.name} differs from the migration that ${name} replaces.`,
      why: 'Its text has changed, so Slipway does not remove it.',
      nextActions: [
        advice(`Remove the folder ${name}, and squash again.`),
        advice(`Or remove the folder ${changed.name}, if the squash is correct.`),
      ],
      where: { file: changed.path },
    })
  }
  removeFolders(left, request)
}

/**
 * Removes each folder in one step, because a partial migration would stop every command, including this
 * one. In a flat layout, removes the migration first.
 */
function removeFolders(
  folders: readonly MigrationFolder[],
  { migrationsDir, layout }: MigrationsFolder,
): void {
  const away = mkdtempSync(path.join(path.dirname(migrationsDir), '.slipway-squash-'))
  try {
    for (const one of folders) {
      const { path: file, downPath } = migrationPaths({ migrationsDir, layout }, one.name)
      const parts =
        layout === 'flat' ? [file, downPath, proofPath(one)] : [path.join(migrationsDir, one.name)]
      for (const [index, part] of parts.entries())
        if (existsSync(part)) renameSync(part, path.join(away, `${one.name}.${index}`))
    }
  } finally {
    rmSync(away, { recursive: true, force: true })
  }
}

/**
 * Why the folders of migrations cannot be removed yet, as a sentence. The old history is needed if a
 * target has only a part of it. Undefined if they can be removed.
 */
export async function uncommitted(
  squashed: readonly MigrationFolder[],
  { migrationsDir, layout }: MigrationsFolder,
): Promise<string | undefined> {
  const options = ['--porcelain', '-z', '--untracked-files=all', '--ignored']
  const status = await git(migrationsDir, ['status', ...options, '--', '.'])
  const files = status?.split('\0').map((entry) => `/${entry.slice('?? '.length)}`) ?? []
  const names = squashed
    .map(({ name }) => name)
    .filter((name) =>
      files.some((file) =>
        layout === 'flat' ? file.endsWith(`/${name}.sql`) : file.includes(`/${name}/`),
      ),
    )
  if (status === undefined) return 'The migrations are not in a Git repository.'
  if (names.length === 0) return undefined
  return `${names.slice(0, 5).join(', ')}: not committed in its current form.`
}

function refuseUncommitted(message: string): never {
  raise('SQUASH.UNCOMMITTED', {
    message,
    why: 'A squash removes their folders, but a database that has only a part of them needs the rest.',
    nextActions: [
      advice('Commit the migrations first.'),
      command(['squash', '--write', '--accept', 'uncommitted'], 'remove them anyway'),
    ],
  })
}
