import path from 'node:path'
import { type Address, locate } from '../database/index.ts'
import { type Consent, destroyedText, type WorkRequest } from '../deploy/index.ts'
import type { Rule } from '../hazards/index.ts'
import {
  loadProject,
  loadRules,
  type MigrationFolder,
  type Project,
  readMigrations,
  resolveTarget,
  shadowSetting,
  type Target,
} from '../project/index.ts'
import type { Context } from './command.ts'

/** What a command works on: the project, its migrations and the target. Nothing is connected to yet. */
export interface Work {
  readonly project: Project
  readonly target: Target
  readonly migrations: readonly MigrationFolder[]
}

/** Reads the project and resolves the target, as the flags and the environment say. */
export async function readWork(
  { cwd, env, emit, target: flags }: Context,
  options: {
    readonly mayLackMigrations?: boolean
    readonly downMigrations?: boolean
    /** The command does nothing with the target: which one it would be is not worth a word. */
    readonly withoutTarget?: boolean
  } = {},
): Promise<Work> {
  const project = await loadProject({ cwd, env, flags })
  const target = resolveTarget(project)
  if (target.unsetVariable !== undefined && !options.withoutTarget) {
    const message = `${target.unsetVariable} is not set: this is the embedded database in .slipway/`
    emit({ kind: 'notice', message })
  }
  const migrations = readMigrations(project.migrationsDir, {
    provider: project.schema.provider,
    mayBeMissing: options.mayLackMigrations ?? false,
    downMigrations: options.downMigrations ?? false,
  })
  return { project, target, migrations }
}

/** How people are told which database is meant. */
export function placeOf({ target }: Work, database: string): string {
  return target.address.kind === 'embedded'
    ? `the embedded database (${target.environment})`
    : `${database} (${target.environment})`
}

/**
 * The address that work on one session needs: the direct one where the project names one. An
 * embedded database must know the extensions of the migrations when it opens.
 */
export async function directAddress({ target, migrations }: Work): Promise<Address> {
  const address = target.direct ?? target.address
  if (address.kind !== 'embedded') return address
  const { extensionsOf } = await import('../shadow/index.ts')
  return { ...address, extensions: extensionsOf(migrations.map(({ sql }) => sql)) }
}

/** What work that changes a target is given: its address, its policy, the project's migrations. */
export async function workRequest({ signal, emit }: Context, work: Work): Promise<WorkRequest> {
  const { target, migrations } = work
  const { lockTimeoutMs, statementTimeoutMs, deadlineMs } = target.policy
  return {
    address: await directAddress(work),
    protected: target.protected,
    migrations,
    limits: { lockTimeoutMs, statementTimeoutMs },
    deadlineMs,
    shadow: shadowOptions(work),
    rules: () => ownRules(work),
    signal,
    emit,
  }
}

/** The hazard rules of the project's own. */
export async function ownRules({ project }: Pick<Work, 'project'>): Promise<readonly Rule[]> {
  // Checked to be rules; what `judge` does with a statement is the team's own affair.
  return (await loadRules(project)) as readonly Rule[]
}

/** What a project's shadow databases are made of. */
export function shadowOptions({
  project,
  target,
}: Pick<Work, 'project' | 'target'>): WorkRequest['shadow'] {
  return {
    named: shadowSetting(project),
    target,
    cacheDir: path.join(project.root, '.slipway', 'cache'),
    initScript: project.initShadowDb,
  }
}

/** Consent as the command line gives it: by `--confirm`, or by a person who types the name. */
export function consentOf({ prompt, target }: Context): Consent {
  if (!prompt.interactive) return { confirm: target.confirm }
  return {
    confirm: target.confirm,
    ask: async ({ database, destroys }) => {
      const list = destroys.slice(0, 5).map(destroyedText).join(', ')
      const more = destroys.length > 5 ? ` and ${destroys.length - 5} more` : ''
      const what = destroys.length > 0 ? `destroys ${list}${more}` : 'changes what is protected'
      return await prompt.typeName({ database, message: `This ${what} on ${database}.` })
    },
  }
}

/**
 * Holds an environment to its policy `confirm: true`: each change needs the name of its database, by
 * `--confirm` or typed. Fails with CLI.CONSENT_NEEDED or CLI.DECLINED.
 */
export async function requirePolicyConsent({ prompt }: Context, { target }: Work): Promise<void> {
  if (!target.policy.confirm || target.address.kind !== 'postgres') return
  const { database } = locate(target.address.url)
  const message = `The environment ${target.environment} asks for consent before each change of ${database}.`
  await prompt.consent({ database, message })
}
