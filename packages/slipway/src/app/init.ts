import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { advice, command, otherCommand } from '../kernel/index.ts'
import { loadProject, type Project, type Setting, USUAL_ENVIRONMENTS } from '../project/index.ts'
import type { AppContext } from './context.ts'
import { setupOf } from './dialects.ts'
import { raise, refuseUnreadable, refuseUnwritable } from './failures.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { addScripts } from './package-scripts.ts'
import type { Setup } from './setup.ts'

const NAME = 'slipway.config.ts'

/** What `init` sets up in addition to the configuration. Absent options default to true. */
export interface InitOptions {
  /** Names of the environments; the usual four if absent, or those of wrangler's configuration. */
  readonly environments?: readonly string[] | undefined
  /** Add `.slipway/` to `.gitignore`. */
  readonly gitignore?: boolean | undefined
  /** Add scripts to `package.json`. */
  readonly scripts?: boolean | undefined
}

/** What was written, and the settings that were found. */
export interface InitResult {
  /** The configuration file that was written; absolute. */
  readonly config: string
  readonly environments: readonly string[]
  /** Lines that were added to `.gitignore`. */
  readonly ignored: readonly string[]
  /** Names of the scripts that were added to `package.json`. */
  readonly scripts: readonly string[]
  readonly settings: readonly Setting[]
}

/**
 * Writes a slipway.config.ts that explains each setting and repeats none from another file, and adds missing
 * lines to `.gitignore` and missing scripts to `package.json`. Never overwrites: it only adds lines to
 * existing files. Fails with APP.CONFIG_EXISTS if there is a configuration.
 */
export async function writeConfiguration(
  context: AppContext,
  asked: InitOptions = {},
): Promise<UseCaseReturn<InitResult>> {
  const { cwd, env, names, signal } = context
  const { gitignore = true, scripts = true } = asked
  for (const name of asked.environments ?? []) refuseName(name)
  const project = await loadProject({ cwd, env, flags: names, signal })
  const environments = asked.environments ?? usualEnvironments(project)
  return await setUp(project, { environments, gitignore, scripts })
}

/** The environments of wrangler's configuration replace `staging`. */
function usualEnvironments({ wrangler }: Project): readonly string[] {
  const known = Object.keys(wrangler?.environments ?? {})
  if (known.length === 0) return USUAL_ENVIRONMENTS
  return [...new Set(['development', 'testing', ...known, 'production'])]
}

/** What to set up, with all defaults applied. */
interface Wanted {
  readonly environments: readonly string[]
  readonly gitignore: boolean
  readonly scripts: boolean
}

/** The same for a project that has already been read. */
export async function setUp(
  project: Project,
  { environments, gitignore, scripts }: Wanted,
): Promise<UseCaseReturn<InitResult>> {
  const { root } = project
  const setup = await setupOf(project, environments)
  const file = path.join(root, NAME)
  if (project.configured) refuseSecond()
  await writeFile(file, setup.config, { flag: 'wx' }).catch((cause: unknown) => {
    if (codeOf(cause) === 'EEXIST') return refuseSecond()
    return refuseUnwritable(NAME, cause)
  })
  const ignored = gitignore ? await ignoreAll(root, setup) : []
  const added = scripts ? await addTo(path.join(root, 'package.json'), setup.scripts) : []
  const manifest = await readText(path.join(root, 'package.json'))
  const isDependency = manifest === undefined || /"slipway"\s*:/.test(manifest)
  return {
    result: {
      config: file,
      environments,
      ignored,
      scripts: added ?? [],
      settings: project.settings.map((one) =>
        one.name === 'slipway.config' ? { ...one, value: NAME } : one,
      ),
    },
    findings: added === undefined ? [UNREADABLE_MANIFEST] : [],
    next: [
      ...(isDependency
        ? []
        : [
            otherCommand(
              'npm install --save-dev slipway',
              "add Slipway to the project's dependencies",
            ),
          ]),
      command(['doctor'], 'test the connection and the privileges of its role'),
      advice(setup.next),
    ],
  }
}

const UNREADABLE_MANIFEST: ResultFinding = {
  id: 'scripts-not-added',
  severity: 'warning',
  message: 'No scripts were added: package.json is absent, or is not plain JSON.',
}

/** Returns the added lines; lines of a folder other than the project's are prefixed with it. */
async function ignoreAll(root: string, { ignored }: Setup): Promise<string[]> {
  const added: string[] = []
  for (const { folder, lines } of ignored) {
    const written = await ignore(path.join(folder, '.gitignore'), lines)
    added.push(...written.map((line) => path.join(path.relative(root, folder), line)))
  }
  return added
}

async function ignore(file: string, lines: readonly string[]): Promise<string[]> {
  const text = (await readText(file)) ?? ''
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim().replaceAll(/^\/|\/$/g, '')))
  const missing = lines.filter((one) => !present.has(one.replace(/\/$/, '')))
  if (missing.length === 0) return []
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const start = text === '' || text.endsWith('\n') ? '' : eol
  await writeText(file, `${text}${start}${missing.map((one) => one + eol).join('')}`)
  return missing
}

/** Adds scripts to package.json; undefined if it does not exist or cannot be changed. */
async function addTo(
  file: string,
  scripts: Setup['scripts'],
): Promise<readonly string[] | undefined> {
  const text = await readText(file)
  const changed = text === undefined ? undefined : addScripts(text, scripts)
  if (changed === undefined) return undefined
  if (changed.added.length > 0) await writeText(file, changed.text)
  return changed.added
}

async function readText(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch((cause: unknown) =>
    codeOf(cause) === 'ENOENT' ? undefined : refuseUnreadable(path.basename(file), cause),
  )
}

async function writeText(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause: unknown) =>
    refuseUnwritable(path.basename(file), cause),
  )
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
}

function refuseName(name: string): void {
  if (/^[\w-][\w.-]*$/.test(name)) return
  raise('APP.ARGUMENT_INVALID', {
    message: `${JSON.stringify(name)} cannot be the name of an environment.`,
    why: 'A name consists of letters, digits, dots, hyphens and underscores.',
  })
}

function refuseSecond(): never {
  raise('APP.CONFIG_EXISTS', {
    message: 'The project already has a slipway.config.',
    why: 'init never overwrites a file.',
    nextActions: [command(['doctor'], 'see each setting and where it comes from')],
  })
}
