import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { type CliRun, runCli } from '../cli-in-process.ts'
import { type TestMigration, writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'
import { executed, madeBy } from './suggestion-sites.ts'

/** The parts of a run's JSON document that suggestions need. */
export interface Document {
  readonly result: { readonly environment?: string; readonly database?: string } | null
  readonly failure: { readonly code: string; readonly message: string } | null
  readonly next: readonly {
    readonly kind: string
    readonly command?: string
    readonly args?: readonly string[]
    readonly label: string
  }[]
}

/** The database of a scene: on the test server, or a file. */
export type SceneTarget = Pick<TestTarget, 'url' | 'name' | 'sql' | 'drop'>

/** How a person selects the target, which every suggestion must repeat. */
export const TARGET_SELECTIONS = {
  environment: () => [
    '--cwd',
    'my shop',
    '--env',
    'production',
    '--config',
    'settings/slipway.config.ts',
    '--schema',
    'prisma/schema.prisma',
  ],
  'connection string': (target: SceneTarget) => [
    '--cwd',
    'my shop',
    '--env',
    'production',
    '--url',
    target.url,
  ],
} as const
export type TargetSelection = keyof typeof TARGET_SELECTIONS

export const PROGRAMS = [
  'npx slipway',
  'pnpm exec slipway',
  'yarn slipway',
  'bunx slipway',
] as const
export type Program = (typeof PROGRAMS)[number]

/** A project in a folder with a space in its name, and a command line in the folder above. */
export interface Scene {
  readonly root: string
  readonly production: SceneTarget
  /** Runs a command line as a person does. */
  run(words: readonly string[]): Promise<Document>
  /** The same, with the flags that select the target. */
  slipway(command: string, ...more: readonly string[]): Promise<Document>
  file(name: string): string
  remove(): Promise<void>
}

type SetScene = Awaited<ReturnType<typeof setScene>>

/** The actions of a person in a scene, with the suggestions that they lead to. */
export interface Story {
  readonly migrations?: readonly TestMigration[]
  readonly models?: string
  readonly env?: Readonly<Record<string, string>>
  readonly config?: string
  /** The only way of selecting the target in which the story works. */
  readonly way?: TargetSelection
  readonly play: (scene: SetScene) => Promise<void>
}

/** Sets a scene up. `development` is the trap: a suggestion that omits its target's flags hits it. */
export async function setScene(
  development: Pick<SceneTarget, 'url'>,
  {
    migrations,
    models = '',
    provider,
    way,
    program,
    env: more = {},
    config = "{ environments: { production: { url: 'env:PRODUCTION_URL' }, development: {} } }",
  }: {
    readonly migrations: readonly TestMigration[]
    readonly models?: string
    readonly provider?: 'sqlite' | undefined
    readonly way: TargetSelection
    readonly program: Program
    readonly env?: Readonly<Record<string, string>>
    readonly config?: string
  },
): Promise<Scene & { readonly env: Record<string, string>; readonly program: Program }> {
  const production = provider === 'sqlite' ? fileTarget() : await createTarget()
  const made = writeProject(migrations, models, provider)
  const above = `${made}-above`
  const root = path.join(above, 'my shop')
  mkdirSync(above)
  renameSync(made, root)
  shareImages(root)
  mkdirSync(path.join(root, 'settings'))
  for (const file of ['settings/slipway.config.ts', 'slipway.config.ts'])
    writeFileSync(path.join(root, file), `export default ${config}\n`)
  const env: Record<string, string> = {
    DATABASE_URL: development.url,
    PRODUCTION_URL: production.url,
    ...more,
  }
  const run = async (words: readonly string[]) => {
    madeBy.clear()
    const ran = await runCli([...words, '--json', '--no-interactive'], { cwd: above, env, program })
    return documentOf(ran, production)
  }
  return {
    root,
    production,
    env,
    program,
    run,
    slipway: (command, ...rest) =>
      run([...command.split(' '), ...rest, ...TARGET_SELECTIONS[way](production)]),
    file: (name) => path.join(root, name),
    remove: async () => {
      await production.drop()
      rmSync(above, { recursive: true })
    },
  }
}

/** A SQLite database in a file that does not exist yet. */
function fileTarget(): SceneTarget {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-scene-'))
  const file = path.join(folder, 'live.db')
  return {
    url: `file:${file}`,
    name: 'live.db',
    async sql(script) {
      const opened = new DatabaseSync(file)
      opened.exec(script)
      opened.close()
      return []
    },
    async drop() {
      rmSync(folder, { recursive: true })
    },
  }
}

function documentOf({ stdout, stderr, exitCode }: CliRun, { url }: SceneTarget): Document {
  const { password } = new URL(url)
  if (password !== '') expect(stdout + stderr).not.toContain(`:${password}@`)
  expect(exitCode, stdout + stderr).not.toBe(1)
  return JSON.parse(stdout) as Document
}

/** The words of a printed command line as a shell reads them, after those that start Slipway. */
function wordsOf(
  command: string,
  program: string,
  env: Readonly<Record<string, string>>,
): string[] {
  expect(command.startsWith(`${program} `), command).toBe(true)
  const script = `printf '%s\\0' ${command}`
  const text = execFileSync('sh', ['-c', script], { env: { ...env, PATH: process.env['PATH'] } })
  return text.toString().split('\0').slice(program.split(' ').length, -1)
}

/** Read-only commands, which are run before the others. */
const READS = [
  'status',
  'doctor',
  'drift',
  'inspect',
  'plan',
  'check',
  'kept list',
  'seed status',
  'backup list',
]

/** Expectations of an outcome and of its suggestions. */
export interface Expected {
  /** `failure.code` of the outcome; `undefined` if it succeeded. */
  readonly code?: string | undefined
  /** The environment of the outcome; `production` if absent. */
  readonly environment?: string
  /** Does what a person must do before the suggestion, for example what an accompanying advice says. */
  readonly before?: (args: readonly string[]) => unknown
  /** Failure codes with which suggestions may end, if they only show what is wrong. */
  readonly may?: readonly string[]
}

/**
 * Runs each command that an outcome suggests, as printed. It must hit the same target, be valid, and make
 * progress: it must not end with the same failure.
 */
export async function follow(
  scene: Awaited<ReturnType<typeof setScene>>,
  document: Document,
  { code, before, may = [], environment: expected = 'production' }: Expected = {},
): Promise<void> {
  expect(document.failure?.code, JSON.stringify(document.failure)).toBe(code)
  const sites = new Map([...madeBy].map(([command, of]) => [command, [...of]]))
  const isRead = (args: readonly string[]) => READS.some((read) => args.join(' ').startsWith(read))
  const suggested = document.next
    .filter(({ args }) => args !== undefined)
    .toSorted((a, b) => Number(isRead(b.args ?? [])) - Number(isRead(a.args ?? [])))
  expect(suggested, 'a suggested command').not.toEqual([])
  for (const { command = '', args = [] } of suggested) {
    await before?.(args)
    const followed = await scene.run(wordsOf(command, scene.program, scene.env))
    const ended = `${command}: ${JSON.stringify(followed.failure)}`
    const { environment, database } = followed.result ?? {}
    if (database !== undefined) expect(database, ended).toBe(scene.production.name)
    if (environment !== undefined) expect(environment, ended).toBe(expected)
    const now = followed.failure?.code
    if (now !== undefined && !may.includes(now)) {
      expect(now, ended).not.toMatch(/^(?:PROJECT|CLI|DATABASE|APP)\./)
      expect(now, ended).not.toBe(code)
    }
    for (const site of sites.get(command) ?? []) executed.add(site)
  }
}
