import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build, type Plugin } from 'rolldown'
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
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** Packages that a bundled one looks for and does without. */
const OPTIONAL = ['pg-native', 'pg-cloudflare', '@supabase/pg-topo']

/** What the commonest use cases load in any case: one file is read faster than thirty. */
const USUAL =
  /slipway\/src\/(?!.*\.schema\.json$)(?:kernel|project\/(?!git|sqlite|wrangler)|history|execution\/(?!sqlite)|schema\/(?:apply-\w+|constraint-name|dialects|failures|holds-all|layered-map|model|schema-parts|postgres\/(?:read-schema|reference|scope))\.ts|plan|deploy\/(?!sqlite)|safekeeping\/(?!sqlite)|statements\/(?!sqlite)|app\/(?:arguments|change-text|command-line|consent|context|deploy|failures|hazard-findings|index|kept-result|module-failures|named-object|open-project|outcome|pre-check-findings|accept|complete-suggestions|status|test-database|work)\.ts|database\/(?!postgres\/(?:embedded|folder-lock|local-server|server-(?:account|folder)|programs)|sqlite(?!\/quote)|d1))|node_modules\/(?:pg(?!-copy)|postgres-|split2|xtend)|^\0node:(?:buffer|crypto|events|fs|path|stream(?:\/promises)?|timers\/promises|url|util|v8)$/

/** The same of the command line, which a program that imports the library does not load. */
const USUAL_CLI =
  /slipway\/src\/cli\/(?!commands\/|help|completion|decision|diagnosis-view|seed|sync-view|row-flags|create|check-view|fix-view|load-view|line-diff|squash-view|adopt-view|plan-view)/

const OWN_SOURCES = /slipway\/src\//

/**
 * A static import of a module of Node.js reads everything that it exports, and so loads what `fs.promises`, `util.diff`
 * and others load when they are first used: a fifth of the time that a command takes to start.
 */
const lightBuiltins: Plugin = {
  name: 'light-builtins',
  resolveId: (id) => (id.startsWith('node:') ? `\0${id}` : null),
  load(id) {
    if (!id.startsWith('\0node:')) return null
    const name = id.slice(1)
    const keys = Object.keys(process.getBuiltinModule(name) ?? {}).filter(
      (key) => key !== 'default',
    )
    const code = [
      `const builtin = process.getBuiltinModule('${name}')`,
      'export default builtin',
      ...keys.map((key) => `export const ${key} = /* @__PURE__ */ (() => builtin.${key})()`),
    ]
    return { code: code.join('\n'), moduleSideEffects: false }
  },
  // V8 keeps a text with one character outside of Latin-1 in twice the memory, and reads it more slowly.
  renderChunk: (code) =>
    code.replaceAll(
      /[^\0-\x7f]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
}

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
  const { dependencies, peerDependencies } = manifest
  const names = [...Object.keys({ ...dependencies, ...peerDependencies }), ...OPTIONAL]
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
    plugins: [lightBuiltins],
    // Its other entry requires files by names that a bundle does not have.
    resolve: { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } },
    // An import of a module's index.ts for one function must not load what else the module has.
    treeshake: { moduleSideEffects: [{ test: OWN_SOURCES, sideEffects: false }] },
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
