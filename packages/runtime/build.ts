import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { repositoryFields } from '../../tools/repository.ts'

/** Writes the published package to dist/: a module for each source file, with its types. */

interface Manifest {
  readonly exports: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

const packageDir = import.meta.dirname
const dist = path.join(packageDir, 'dist')

rmSync(dist, { recursive: true, force: true })
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: packageDir, stdio: 'inherit' })
writeManifest()
for (const name of ['README.md', 'grafana', '../../LICENSE', 'CHANGELOG.md']) {
  const source = path.join(packageDir, name)
  if (existsSync(source)) cpSync(source, path.join(dist, path.basename(name)), { recursive: true })
}

/** The published manifest points to the built files, and omits fields for development. */
function writeManifest(): void {
  const file = path.join(packageDir, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest
  const { devDependencies, scripts, publishConfig, ...kept } = manifest
  const exports = Object.fromEntries(
    Object.entries(kept.exports).map(([name, source]) => [name, built(source)]),
  )
  writeFileSync(
    path.join(dist, 'package.json'),
    `${JSON.stringify({ ...kept, ...repositoryFields('packages/runtime'), exports }, null, 2)}\n`,
  )
}

function built(source: string): unknown {
  const base = source.replace('./src/', './').replace(/\.ts$/, '')
  return source.endsWith('.ts') ? { types: `${base}.d.ts`, default: `${base}.js` } : source
}
