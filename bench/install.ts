import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const dir = import.meta.dirname

/**
 * Installs the peers with `npm ci` into this folder, unless the versions of the lockfile are already
 * installed.
 */
export function installPeers(): void {
  if (installed()) return
  process.stderr.write('Installing the peers of the benchmark …\n')
  const { status } = spawnSync('npm', ['ci', '--prefix', dir, '--ignore-scripts', '--no-audit'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error('The peers of the benchmark could not be installed (npm ci)')
}

function installed(): boolean {
  const wanted = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  return Object.entries(wanted.dependencies).every(([name, version]) => {
    const file = path.join(dir, 'node_modules', name, 'package.json')
    if (!existsSync(file)) return false
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version === version
  })
}
