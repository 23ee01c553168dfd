import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTarget, type TestTarget } from '../packages/slipway/test/target.ts'

const run = promisify(execFile)
const repository = path.join(import.meta.dirname, '..')
const guide = readFileSync(path.join(repository, 'docs/guides/library.md'), 'utf8')

let folder = ''
let target: TestTarget

/** The guide's examples in a language, in order. */
function examples(language: 'ts' | 'js'): readonly string[] {
  return [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  )
}

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'slipway-packed-')))
  target = await createTarget()
  await installPacked()
  writeProject()
}, 600_000)

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await target.drop()
})

/** Installs what \`npm publish\` would publish; its dependencies come from the repository. */
async function installPacked(): Promise<void> {
  const built = path.join(folder, 'built')
  const build = path.join(repository, 'packages/slipway/build.ts')
  await run(process.execPath, [build, built], { cwd: repository })
  await run('npm', ['pack', built, '--pack-destination', folder], { cwd: folder })
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  const modules = path.join(folder, 'node_modules')
  mkdirSync(path.join(modules, 'slipway'), { recursive: true })
  const into = path.join(modules, 'slipway')
  await run('tar', ['-xzf', path.join(folder, archive), '-C', into, '--strip-components=1'])
  const names = ['@electric-sql', '@prisma', 'libpg-query', '@pgsql', '@types', 'undici-types']
  for (const name of names) {
    symlinkSync(path.join(repository, 'node_modules', name), path.join(modules, name))
  }
}

function writeProject(): void {
  const files = {
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        target: 'es2024',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        types: ['node'],
      },
      include: ['*.ts'],
    }),
    'prisma/schema.prisma':
      'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\nmodel Plan {\n  code String @id\n}\n',
    'prisma/migrations/1_init/migration.sql':
      'CREATE TABLE "Plan" ("code" TEXT NOT NULL, CONSTRAINT "Plan_pkey" PRIMARY KEY ("code"));\n',
    'prisma/seeds/plans/set.json':
      '{ "version": 1, "environments": ["development", "production"], "tables": { "Plan": { "key": ["code"] } } }',
    'prisma/seeds/plans/Plan.csv': 'code\nfree\n',
    'testing.ts':
      "import { testDatabase } from 'slipway/testing'\nexport const database = testDatabase({ sets: [] })\n",
    'schema.mjs':
      "import schema from 'slipway/schemas/deploy.json' with { type: 'json' }\nconsole.log(schema.title)\n",
  }
  for (const [index, code] of examples('ts').entries()) {
    Object.assign(files, { [`example-${index + 1}.ts`]: code })
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
  }
}

async function runProgram(name: string): Promise<string> {
  const { NODE_OPTIONS: _options, ...env } = process.env
  const { stdout, stderr } = await run(process.execPath, [name], {
    cwd: folder,
    env: { ...env, DATABASE_URL: target.url, NODE_NO_WARNINGS: '1' },
  })
  expect(stderr, name).toBe('')
  return stdout
}

test('the examples of the guide and the types of both entries compile without skipLibCheck', async () => {
  const compiler = path.join(repository, 'node_modules/.bin/tsc')
  const compiled = await run(compiler, ['--project', folder]).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? 'tsc did not run' }),
  )
  expect(compiled.stdout).toBe('')
})

test('the examples of the guide run as a user’s ES modules', async () => {
  expect(examples('ts')).toHaveLength(4)
  expect(await runProgram('example-1.ts')).toMatch(/^1_init: done in \d+ ms\n$/)
  expect(await runProgram('example-2.ts')).toBe('')
  expect(await runProgram('example-3.ts')).toMatch(/^0 steps, plan [0-9a-f]+\n$/)
  const said = await runProgram('example-4.ts')
  expect(said).toContain('1 seed sets\n')
  expect(said).toContain('0 entries of kept data\n')
  expect(await target.sql('SELECT code FROM "Plan"')).toEqual([{ code: 'free' }])
}, 240_000)

test('the example for CommonJS runs, and the JSON Schemas can be imported', async () => {
  const [example = ''] = examples('js')
  writeFileSync(path.join(folder, 'example.cjs'), example)
  expect(await runProgram('example.cjs')).toBe('up-to-date\n')
  expect(await runProgram('schema.mjs')).toBe('slipway deploy\n')
})

/** Prints the loaded modules at exit: files of the package without their hashes, and Node.js modules. */
const LOADED = `import { registerHooks } from 'node:module'
const files = []
registerHooks({ load(url, context, next) {
  if (url.includes('/slipway/')) files.push(url.split('/').at(-1).replace(/-[\\w-]{8}\\.js$/, ''))
  return next(url, context)
} })
process.on('exit', () => process._rawDebug(JSON.stringify({ files, builtins: process.moduleLoadList })))
`

test('a deploy with nothing pending loads only what it needs', async () => {
  writeFileSync(path.join(folder, 'loaded.mjs'), LOADED)
  const { NODE_OPTIONS: _options, ...env } = process.env
  const command = ['--import', './loaded.mjs', 'node_modules/slipway/bin/slipway.js', 'deploy']
  const options = { cwd: folder, env: { ...env, DATABASE_URL: target.url } }
  await run(process.execPath, command, options)
  const { stdout, stderr } = await run(process.execPath, command, options)
  expect(stdout).toContain('nothing to deploy')
  const loaded = JSON.parse(stderr) as { readonly files: string[]; readonly builtins: string[] }
  expect(loaded.files.toSorted()).toEqual([
    '_node_module',
    'bin.js',
    'command-line',
    'deploy',
    'deploy',
    'pooler',
    'rolldown-runtime',
    'slipway.js',
    'start.js',
    'usual',
    'with-postgres',
  ])
  for (const builtin of ['child_process', 'internal/fs/promises', 'readline', 'worker_threads']) {
    expect(loaded.builtins).not.toContain(`NativeModule ${builtin}`)
  }
})
