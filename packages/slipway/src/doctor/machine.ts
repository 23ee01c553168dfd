import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { programFolders } from '../database/index.ts'
import { formatBytes } from '../kernel/index.ts'
import { type Check, failed, passed, skipped, warned } from './check.ts'

const OLDEST_NODE = [22, 18]
const run = promisify(execFile)

/** Checks whether Slipway supports this Node.js version. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE
  const fits = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
  if (fits) return passed('node', `Node.js ${version}.`)
  const needed = OLDEST_NODE.join('.')
  return failed('node', `Node.js ${version} is too old.`, `Install Node.js ${needed} or newer.`)
}

/**
 * Checks for a `pg_dump` that can dump the server: it refuses servers of a newer major version than its own
 * (PostgreSQL docs, pg_dump, Notes). Only backups need it.
 */
export async function checkPgDump(
  env: Readonly<Record<string, string | undefined>>,
  serverMajor: number | undefined,
): Promise<Check> {
  if (serverMajor === undefined)
    return skipped('pg_dump', 'This check needs a connection to the server.')
  const found = await newestPgDump(env)
  const fix = `Install the PostgreSQL client programs of version ${serverMajor} or newer (Debian: postgresql-client-${serverMajor}).`
  if (found === undefined) return warned('pg_dump', 'pg_dump was not found; backups need it.', fix)
  const text = `pg_dump ${found.version} for a server of version ${serverMajor}`
  return found.major >= serverMajor
    ? passed('pg_dump', `${text}.`)
    : warned('pg_dump', `${text} is too old.`, fix)
}

async function newestPgDump(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ major: number; version: string } | undefined> {
  const name = process.platform === 'win32' ? 'pg_dump.exe' : 'pg_dump'
  const programs = programFolders(env)
    .map((folder) => path.join(folder, name))
    .filter((file) => existsSync(file))
  const versions = await Promise.all([...new Set(programs)].map(versionOf))
  return versions.filter((found) => found !== undefined).toSorted((a, b) => b.major - a.major)[0]
}

async function versionOf(program: string): Promise<{ major: number; version: string } | undefined> {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: 5000 })
    const version = /(\d+)(?:\.\d+|\w+)*/.exec(stdout)
    return version ? { major: Number(version[1]), version: version[0] } : undefined
  } catch {
    // A program that does not answer counts as not installed.
    return undefined
  }
}

/** Checks whether the project's disk could hold a backup as large as the database. */
export async function checkLocalDisk(
  root: string,
  databaseBytes: number | undefined,
): Promise<Check> {
  const { bavail, bsize } = await statfs(root)
  const free = bavail * bsize
  const text = `${formatBytes(free)} free for backups on the disk of the project`
  if (databaseBytes === undefined || free > databaseBytes) return passed('disk', `${text}.`)
  const size = formatBytes(databaseBytes)
  return warned('disk', `${text}; the database is ${size}.`, 'Free some space before a backup.')
}
