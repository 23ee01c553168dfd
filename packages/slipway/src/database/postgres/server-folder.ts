import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { sha256, takeFolderLock } from '../../kernel/index.ts'
import type { Programs } from './programs.ts'
import { ADMINISTRATOR, sandboxSql } from './sandbox.ts'
import type { Account } from './server-account.ts'

const PLACES = 4

/** The environment of all programs of a private server: nothing from the environment of this process. */
export const SERVER_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
}

/** A folder for a server's data, which only this process uses until it releases it. */
export interface Place {
  readonly dataDir: string
  release(): void
  /** The data cannot be used: the next command creates it again. */
  discard(): void
}

/**
 * Takes a place for a private server, and creates a cluster there if it has none. The places of a
 * project, four for each major version, are in this user's cache folder: the project's own files, and
 * what its migrations left, may belong to another user. If the user has no such folder, the place is in
 * the temporary `folder`. Returns undefined if all places are taken.
 */
export async function takePlace(site: {
  readonly programs: Programs
  readonly project: string
  readonly folder: string
  readonly account: Account | 'own'
}): Promise<Place | undefined> {
  const { programs, project, account } = site
  const base = baseFolder(account)
  if (base === undefined) {
    const dataDir = path.join(site.folder, 'data')
    await createCluster(programs, dataDir, account)
    return { dataDir, release: () => {}, discard: () => {} }
  }
  const home = path.join(base, sha256(identityOf(project)).slice(0, 16))
  if (!existsSync(home)) {
    removeAbandoned(base)
    makeOwn(home, account)
    nameOwner(home, realpathSync(nearestFolder(project)))
  }
  for (let number = 1; number <= PLACES; number++) {
    const folder = path.join(home, `${contentOf(programs)}-${number}`)
    const release = takeFolderLock(`${folder}.lock`)
    if (release === undefined) continue
    try {
      const dataDir = path.join(folder, 'data')
      if (!isReady(folder)) await copyNewCluster({ programs, base, account, folder })
      const discard = () => rmSync(path.join(folder, 'ready'), { force: true })
      return { dataDir, release, discard }
    } catch (error) {
      release()
      throw error
    }
  }
  return undefined
}

/**
 * Writes a new file and renames it: a partially written name would look like that of a deleted project.
 * So would a link that is removed while others lead to the same folder.
 */
function nameOwner(home: string, project: string): void {
  const unfinished = path.join(home, `project.${process.pid}`)
  writeFileSync(unfinished, project, { mode: 0o600 })
  renameSync(unfinished, path.join(home, 'project'))
}

/** The path without links, whether or not all of it exists. */
function identityOf(project: string): string {
  const folder = nearestFolder(project)
  return path.join(realpathSync(folder), path.relative(folder, path.resolve(project)))
}

/** The folder itself, or the nearest one above it that exists. */
function nearestFolder(folder: string): string {
  const whole = path.resolve(folder)
  return existsSync(whole) ? whole : nearestFolder(path.dirname(whole))
}

/** A name for the content of a new cluster: if the content changes, older data is not used. */
function contentOf({ major }: Programs): string {
  return `${major}-${sha256(sandboxSql(major)).slice(0, 8)}`
}

function isReady(folder: string): boolean {
  return existsSync(path.join(folder, 'ready'))
}

/** The folder of all private servers of this user, if it belongs only to this user. */
function baseFolder(account: Account | 'own'): string | undefined {
  try {
    const cache = account === 'own' ? cacheFolder() : CACHE_OF_ROOT
    const folder = path.join(cache, 'slipway', 'servers')
    mkdirSync(cache, { recursive: true })
    for (const part of [path.dirname(folder), folder]) {
      if (!existsSync(part)) makeOwn(part, account)
      const found = lstatSync(part)
      const mine = found.isDirectory() && found.uid === process.getuid?.()
      if (!mine || (found.mode & 0o022) !== 0) return undefined
    }
    return folder
  } catch {
    // An account without a home folder, or with one that is not writable.
    return undefined
  }
}

function cacheFolder(): string {
  const named = process.env['XDG_CACHE_HOME'] ?? ''
  return path.isAbsolute(named) ? named : path.join(os.homedir(), '.cache')
}

/** For root, whose server runs under another account, which cannot enter root's home folder. */
const CACHE_OF_ROOT = '/var/cache'

/** Creates a folder that only this user may change, and that the account of the server may traverse. */
function makeOwn(folder: string, account: Account | 'own'): void {
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, account === 'own' ? 0o700 : 0o711)
}

interface CopySite {
  readonly programs: Programs
  readonly base: string
  readonly account: Account | 'own'
  /** The folder of the copy. */
  readonly folder: string
}

/** Copies a cluster that was created once for this user, which takes a tenth of the time of `initdb`. */
async function copyNewCluster({ programs, base, account, folder }: CopySite): Promise<void> {
  const build = sha256(programs.dir).slice(0, 8)
  const original = path.join(base, `new-${contentOf(programs)}-${build}`)
  if (!existsSync(original)) await createOriginal(programs, original, account)
  rmSync(folder, { recursive: true, force: true })
  makeOwn(folder, account)
  await run('cp', ['-Rp', path.join(original, 'data'), folder], {})
  writeFileSync(path.join(folder, 'ready'), '')
}

/**
 * Creates a cluster on which no server ever runs. It appears only when it is complete, and only this user
 * may enter its folder.
 */
async function createOriginal(
  programs: Programs,
  original: string,
  account: Account | 'own',
): Promise<void> {
  const unfinished = `${original}.${randomBytes(4).toString('hex')}`
  try {
    makeOwn(unfinished, account)
    const inner = path.join(unfinished, 'data')
    mkdirSync(inner, { mode: 0o700 })
    if (account !== 'own') chownSync(inner, account.uid, account.gid)
    await createCluster(programs, inner, account)
    chmodSync(unfinished, 0o700)
    renameSync(unfinished, original)
  } catch (error) {
    // Another process may have been faster: its cluster is equivalent.
    if (!existsSync(original)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

async function createCluster(
  programs: Programs,
  dataDir: string,
  account: Account | 'own',
): Promise<void> {
  const options = {
    cwd: path.dirname(dataDir),
    env: SERVER_ENVIRONMENT,
    ...(account === 'own' ? {} : account),
  }
  const flags = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await run(path.join(programs.dir, 'initdb'), ['-D', dataDir, '-U', ADMINISTRATOR, ...flags], {
    ...options,
  })
  const single = ['--single', '-j', '-D', dataDir, '-c', 'exit_on_error=on', '-c', 'fsync=off']
  await run(path.join(programs.dir, 'postgres'), [...single, 'template1'], {
    ...options,
    input: sandboxSql(programs.major),
  })
}

/** Runs a program to its end. Fails if it does not exit with 0. */
async function run(
  program: string,
  args: readonly string[],
  { input = '', ...options }: { readonly input?: string } & Parameters<typeof execFile>[2],
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = execFile(program, args, options, (error) => (error ? reject(error) : resolve()))
    child.stdin?.end(input)
  })
}

/** Removes the data of projects that no longer exist; another process may do so at the same time. */
function removeAbandoned(base: string): void {
  for (const name of readdirSync(base)) {
    const home = path.join(base, name)
    try {
      const project = readFileSync(path.join(home, 'project'), 'utf8')
      if (!existsSync(project)) rmSync(home, { recursive: true, force: true })
    } catch {
      // The folder has no such file, or another process removed it.
    }
  }
}
