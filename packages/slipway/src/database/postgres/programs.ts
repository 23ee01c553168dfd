import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

/** A folder that holds the programs of one PostgreSQL version. */
export interface Programs {
  readonly dir: string
  /** Major version: 15. */
  readonly major: number
}

/** Where packages install each version separately: Debian, Red Hat, Homebrew, Postgres.app. */
const ROOTS: readonly { readonly root: string; readonly bin: (entry: string) => string }[] = [
  { root: '/usr/lib/postgresql', bin: (entry) => `${entry}/bin` },
  { root: '/usr', bin: (entry) => (entry.startsWith('pgsql-') ? `${entry}/bin` : '') },
  {
    root: '/opt/homebrew/opt',
    bin: (entry) => (entry.startsWith('postgresql') ? `${entry}/bin` : ''),
  },
  {
    root: '/usr/local/opt',
    bin: (entry) => (entry.startsWith('postgresql') ? `${entry}/bin` : ''),
  },
  { root: '/Applications/Postgres.app/Contents/Versions', bin: (entry) => `${entry}/bin` },
]

/**
 * The folders on this machine that may contain PostgreSQL programs: those in PATH, and those of packages.
 */
export function programFolders(env: Readonly<Record<string, string | undefined>>): string[] {
  const named = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '')
  return [...new Set([...named, ...ROOTS.flatMap(({ root, bin }) => foldersIn(root, bin))])]
}

/**
 * The programs of a server on this machine, of the given major version, or else the newest; undefined if
 * not installed.
 */
export async function serverPrograms(
  env: Readonly<Record<string, string | undefined>>,
  major?: number,
): Promise<Programs | undefined> {
  const whole = programFolders(env).filter((dir) =>
    ['initdb', 'postgres'].every((name) => existsSync(path.join(dir, name))),
  )
  const versions = await Promise.all(whole.map((dir) => majorOf(path.join(dir, 'postgres'))))
  return whole
    .flatMap((dir, index) =>
      versions[index] === undefined ? [] : [{ dir, major: versions[index] }],
    )
    .filter((found) => (major === undefined ? found.major >= 13 : found.major === major))
    .toSorted((a, b) => b.major - a.major)[0]
}

/** The major version that a PostgreSQL program reports; undefined if it does not answer. */
async function majorOf(program: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 5000 })
    const found = /\(PostgreSQL\) (\d+)/.exec(stdout)
    return found ? Number(found[1]) : undefined
  } catch {
    return undefined
  }
}

function foldersIn(root: string, bin: (entry: string) => string): string[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .map(bin)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(root, folder))
}
