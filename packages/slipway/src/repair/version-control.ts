import path from 'node:path'
import { git, migrationPaths, type MigrationsFolder } from '../project/index.ts'
import { matchesChecksum } from '../statements/index.ts'

const MOST_COMMITS = 200

/** A text of a migration in version control. */
export interface Version {
  readonly commit: string
  readonly text: string
}

/**
 * The texts of a migration's file in the Git history of all branches, newest first. None if the folder is not in a
 * repository, or Git is not installed.
 */
export async function readVersions(
  folder: MigrationsFolder,
  migration: string,
): Promise<Version[]> {
  const { migrationsDir } = folder
  const inFolder = path.relative(migrationsDir, migrationPaths(folder, migration).path)
  const file = `./${inFolder.split(path.sep).join('/')}`
  const log = await git(migrationsDir, [
    'log',
    '--all',
    `--max-count=${MOST_COMMITS}`,
    '--format=%H',
    '--',
    file,
  ])
  const versions: Version[] = []
  for (const commit of (log ?? '').split('\n').filter(Boolean)) {
    const text = await git(migrationsDir, ['show', `${commit}:${file}`])
    // A commit that removed the file has no text.
    if (text !== undefined && text !== '') versions.push({ commit, text })
  }
  return versions
}

/** The version whose checksum is the recorded one. */
export function versionOf(
  versions: readonly Version[],
  recorded: string | null,
): Version | undefined {
  return versions.find(({ text }) => matchesChecksum(text, recorded))
}

/** A branch that holds a commit. */
export async function branchOf(migrationsDir: string, commit: string): Promise<string | undefined> {
  const refs = ['refs/heads', 'refs/remotes']
  const found = await git(migrationsDir, [
    'for-each-ref',
    '--contains',
    commit,
    '--format=%(refname:short)',
    ...refs,
  ])
  return found?.split('\n').find(Boolean)
}
