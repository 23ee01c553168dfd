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
  stricterEnvironments,
  type Target,
} from '../project/index.ts'
import type { AppContext } from './context.ts'

/** The project, its migrations and the target of a use case. Nothing is connected yet. */
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

/** Reads the project and resolves the target from the flags and the environment variables. */
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
  if (target.requestedEnvironment !== undefined && !options.withoutTarget) {
    const message = `This database of ${target.requestedEnvironment} also belongs to ${target.environment}, so the policy of ${target.environment} applies.`
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

/** The target of a result. */
export function targetResult({ target }: Pick<Work, 'target'>, database: string): TargetResult {
  const { environment, address } = target
  return { environment, database, embedded: address.kind === 'embedded' }
}

/**
 * The address for work that needs one session: the direct one if the project has one. An embedded
 * database must know the extensions of the migrations when it opens.
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

/** The request for work that changes a target: its address, its policy, the project's migrations. */
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
    stricter: await stricterEnvironments(work.project, target),
    schemas: target.schemas,
    limits: { lockTimeoutMs, statementTimeoutMs },
    deadlineMs,
    shadow: { ...shadowOptions(work), ...comparedOn(work) },
    rules: () => ownRules(work),
    signal,
    emit,
  }
}

/** Partitions to ignore in comparisons with a target. Tests of migrations include them. */
function comparedOn({ project }: Work): Pick<WorkRequest['shadow'], 'runtimePartitions'> {
  return { runtimePartitions: project.config.drift?.runtimePartitions }
}

/** The project's own hazard rules. */
export async function ownRules({ project }: Pick<Work, 'project'>): Promise<readonly Rule[]> {
  // Their form is validated; `judge` itself is the team's code.
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
