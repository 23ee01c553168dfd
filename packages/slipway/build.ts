import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'
import { repositoryFields } from '../../tools/repository.ts'
import { writeSchemas } from './write-schemas.ts'

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

/** What the commonest use cases load in any case: one file is read faster than thirty. */
const USUAL =
  /slipway\/src\/(?!.*\.schema\.json$)(?:kernel|project|history\/(?!sqlite)|execution|schema\/(?:apply-\w+|constraint-name|dialects|failures|model|schema-parts|postgres\/(?:read-schema|reference|scope))\.ts|plan|deploy|safekeeping|statements\/(?!sqlite)|app\/(?:command-line|consent|context|deploy|failures|hazard-findings|index|kept-result|module-failures|open-project|outcome|pre-check-findings|accept|status|work)\.ts|database\/(?!postgres\/(?:embedded|folder-lock|local-server|server-(?:account|folder))|sqlite))|node_modules\/(?:pg|split2)/

/** The same of the command line, which a program that imports the library does not load. */
const USUAL_CLI =
  /slipway\/src\/cli\/(?!commands\/|help|completion|decision|diagnosis-view|seed|sync-view|row-flags|create|check-view|fix-view|load-view|line-diff|squash-view|adopt-view)/

const packageDir = import.meta.dirname
/** `node build.ts [folder]`. */
const dist = path.resolve(process.argv[2] ?? path.join(packageDir, 'dist'))
const manifest = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8')) as Manifest

rmSync(dist, { recursive: true, force: true })
writeLicences(await bundle())
await writeTypes()
writeSchemas(path.join(dist, 'schemas'))
writeManifest()
for (const name of ['bin', 'README.md', '../../LICENSE', 'CHANGELOG.md']) {
  const source = path.join(packageDir, name)
  if (existsSync(source)) cpSync(source, path.join(dist, path.basename(name)), { recursive: true })
}
for (const name of ['hazards', 'errors.md']) {
  cpSync(path.join(packageDir, '../../docs', name), path.join(dist, 'docs', name), {
    recursive: true,
  })
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
        groups: [
          { name: 'usual', test: USUAL },
          { name: 'command-line', test: USUAL_CLI },
        ],
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

/**
 * The types of both entries, each in one file that imports nothing: a user who checks the types of libraries, too, must not meet
 * those of our dependencies.
 */
async function writeTypes(): Promise<void> {
  const folder = path.join(dist, 'declarations')
  const options = ['--emitDeclarationOnly', '--declaration', '--noEmit', 'false']
  const places = ['--rootDir', 'src', '--outDir', folder]
  execFileSync('tsc', ['--project', 'tsconfig.build.json', ...options, ...places], {
    cwd: packageDir,
    stdio: 'inherit',
  })
  await build({
    input: {
      index: path.join(folder, 'index.d.ts'),
      testing: path.join(folder, 'testing/index.d.ts'),
    },
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
    plugins: [dts({ dtsInput: true, emitDtsOnly: true })],
    output: { dir: path.join(dist, 'types'), format: 'esm' },
    logLevel: 'warn',
  })
  rmSync(folder, { recursive: true })
}

/** The published manifest: what is bundled, and what only development needs, is not in it. */
function writeManifest(): void {
  const { devDependencies, scripts, publishConfig, ...kept } = manifest
  const exports = {
    '.': { types: './types/index.d.ts', default: './index.js' },
    './testing': { types: './types/testing.d.ts', default: './testing.js' },
    './schema-engine': './bin/schema-engine.js',
    './schemas/*.json': './schemas/*.json',
    './package.json': './package.json',
  }
  const text = JSON.stringify(
    { ...kept, ...repositoryFields('packages/slipway'), exports },
    null,
    2,
  )
  writeFileSync(path.join(dist, 'package.json'), `${text}\n`)
}
