import path from 'node:path'
import type { Address } from '../database/index.ts'
import type { WorkRequest } from '../deploy/index.ts'
import type { Rule } from '../hazards/index.ts'
import {
  loadProject,
  loadRules,
  type MigrationFolder,
  type Project,
  readMigrations,
  resolveTarget,
  shadowSetting,
  shadowTimeLimitMs,
  type Target,
} from '../project/index.ts'
import type { AppContext } from './context.ts'

/** What a use case works on: the project, its migrations and the target. Nothing is connected to yet. */
export interface Work {
  readonly project: Project
  readonly target: Target
  readonly migrations: readonly MigrationFolder[]
}

/** The database that a result is about. */
export interface TargetResult {
  readonly environment: string
  readonly database: string
  /** Whether it is the embedded database in `.slipway/database`. */
  readonly embedded: boolean
}

/** Reads the project and resolves the target, as the names and the environment variables say. */
export async function readWork(
  { cwd, env, emit, names, signal }: Pick<AppContext, 'cwd' | 'env' | 'emit' | 'names' | 'signal'>,
  options: {
    readonly mayLackMigrations?: boolean
    readonly downMigrations?: boolean
    /** The use case does not use the target, so it gets no notice about it. */
    readonly withoutTarget?: boolean
  } = {},
): Promise<Work> {
  const project = await loadProject({ cwd, env, flags: names, signal })
  const target = await resolveTarget(project, { unused: options.withoutTarget })
  if (target.unsetVariable !== undefined && !options.withoutTarget) {
    const message = `${target.unsetVariable} is not set, so Slipway uses the embedded database in .slipway/`
    emit({ kind: 'notice', message })
  }
  if (target.insteadOf !== undefined && !options.withoutTarget) {
    const message = `This database of ${target.insteadOf} also belongs to ${target.environment}, so the policy of ${target.environment} applies.`
    emit({ kind: 'notice', message })
  }
  const migrations = readMigrations(project.migrationsDir, {
    provider: project.schema.provider,
    layout: project.migrationsLayout,
    mayBeMissing: options.mayLackMigrations ?? false,
    downMigrations: options.downMigrations ?? false,
  })
  return { project, target, migrations }
}

/** Which database a result is about. */
export function targetResult({ target }: Pick<Work, 'target'>, database: string): TargetResult {
  const { environment, address } = target
  return { environment, database, embedded: address.kind === 'embedded' }
}

/**
 * The address that work on one session needs: the direct one where the project names one. An
 * embedded database must know the extensions of the migrations when it opens.
 */
export async function directAddress({
  target,
  migrations,
}: Pick<Work, 'target' | 'migrations'>): Promise<Address> {
  const address = target.direct ?? target.address
  if (address.kind !== 'embedded') return address
  const { extensionsIn } = await import('../statements/index.ts')
  return { ...address, extensions: await extensionsIn(migrations.map(({ sql }) => sql)) }
}

/** What work that changes a target is given: its address, its policy, the project's migrations. */
export async function workRequest(
  { signal, emit }: Pick<AppContext, 'signal' | 'emit'>,
  work: Work,
): Promise<WorkRequest> {
  const { target, migrations } = work
  const { lockTimeoutMs, statementTimeoutMs, deadlineMs } = target.policy
  return {
    address: await directAddress(work),
    environment: target.environment,
    protected: target.protected,
    confirm: target.policy.confirm,
    migrations,
    schemas: target.schemas,
    limits: { lockTimeoutMs, statementTimeoutMs },
    deadlineMs,
    shadow: { ...shadowOptions(work), ...comparedOn(work) },
    rules: () => ownRules(work),
    signal,
    emit,
  }
}

/** What a shadow database that a target is compared with has in common with it. Migrations are tested on all they make. */
function comparedOn({ project }: Work): Pick<WorkRequest['shadow'], 'runtimePartitions'> {
  return { runtimePartitions: project.config.drift?.runtimePartitions }
}

/** The hazard rules of the project's own. */
export async function ownRules({ project }: Pick<Work, 'project'>): Promise<readonly Rule[]> {
  // Checked to be rules; `judge` itself is the team's code.
  return (await loadRules(project)) as readonly Rule[]
}

/** The options of a project's shadow databases. */
export function shadowOptions({
  project,
  target,
}: Pick<Work, 'project' | 'target'>): WorkRequest['shadow'] {
  const timeMs = shadowTimeLimitMs(project)
  return {
    dialect: project.schema.dialect,
    named: shadowSetting(project),
    target,
    cacheDir: path.join(project.root, '.slipway', 'cache'),
    initScript: project.initShadowDb,
    limits: timeMs === undefined ? {} : { timeMs },
  }
}
