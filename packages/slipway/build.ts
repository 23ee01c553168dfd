import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'rolldown'

/**
 * Writes the package as it is published into dist/. What a command imports late stays in a file of
 * its own, and small dependencies are bundled: both for the time a command takes to start. The
 * dependencies that package.json names bring WebAssembly and stay outside.
 */

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** Packages that a bundled one looks for and does without. */
const OPTIONAL = ['pg-native', 'pg-cloudflare', '@supabase/pg-topo']

/** What the commonest commands load in any case: one file is read faster than thirty. */
const USUAL =
  /slipway\/src\/(?:kernel|project|history|plan|deploy|safekeeping|database\/(?!embedded|folder-lock|local-server)|migration|cli\/(?!commands\/|help|completion|init|config-template|creation|decision|diagnosis-view|seed))|node_modules\/(?:pg|split2)/

const packageDir = import.meta.dirname
const dist = path.join(packageDir, 'dist')
const manifest = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8')) as Manifest

rmSync(dist, { recursive: true, force: true })
writeLicences(await bundle())
writeTypes()
writeManifest()
for (const name of ['bin', 'README.md', '../../LICENSE', 'CHANGELOG.md']) {
  const source = path.join(packageDir, name)
  if (existsSync(source)) cpSync(source, path.join(dist, path.basename(name)), { recursive: true })
}

/** Bundles the sources; gives the files that went in. */
async function bundle(): Promise<string[]> {
  const names = [...Object.keys(manifest.dependencies), ...OPTIONAL]
  const { output } = await build({
    cwd: packageDir,
    input: {
      bin: 'src/bin.ts',
      index: 'src/index.ts',
      testing: 'src/testing/index.ts',
      'schema-engine': 'src/engine/bin.ts',
    },
    platform: 'node',
    external: (id) => names.some((name) => id === name || id.startsWith(`${name}/`)),
    output: {
      dir: dist,
      format: 'esm',
      chunkFileNames: '[name]-[hash].js',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: 'usual', test: USUAL }],
      },
    },
    logLevel: 'warn',
  })
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
}

/** The licences of what is bundled ask for their text to come along. */
function writeLicences(files: readonly string[]): void {
  const folders = files.map((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0])
  const texts = [...new Set(folders.filter((folder) => folder !== undefined))]
    .toSorted()
    .map((folder) => `${path.basename(folder)}\n\n${licenceIn(folder)}`)
  writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES'), texts.join(`\n${'-'.repeat(80)}\n\n`))
}

function licenceIn(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
  if (file !== undefined) return readFileSync(path.join(folder, file), 'utf8')
  const { license } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  ) as Manifest
  return `Licence: ${String(license)}\n`
}

function writeTypes(): void {
  const options = ['--emitDeclarationOnly', '--declaration', '--noEmit', 'false']
  const places = ['--rootDir', 'src', '--outDir', path.join(dist, 'types')]
  execFileSync('tsc', ['--project', 'tsconfig.build.json', ...options, ...places], {
    cwd: packageDir,
    stdio: 'inherit',
  })
}

/** The published manifest: what is bundled, and what only development needs, is not in it. */
function writeManifest(): void {
  const { devDependencies, scripts, publishConfig, ...kept } = manifest
  const exports = {
    '.': { types: './types/index.d.ts', default: './index.js' },
    './testing': { types: './types/testing/index.d.ts', default: './testing.js' },
    './schema-engine': './bin/schema-engine.js',
  }
  const text = JSON.stringify({ ...kept, exports }, null, 2)
  writeFileSync(path.join(dist, 'package.json'), `${text}\n`)
}
