import path from 'node:path'
import type { Event } from '../kernel/index.ts'
import type { BaselineOptions, BaselineResult } from './baseline.ts'
import type { CheckOptions, CheckResult } from './check.ts'
import { commandLine } from './command-line.ts'
import type { AppContext, AskConsent, ConsentOptions } from './context.ts'
import type { CreateOptions, CreateResult } from './create.ts'
import type { DeployOptions, DeployResult } from './deploy.ts'
import type { DevOptions, DevResult } from './dev.ts'
import type { DoctorResult } from './doctor.ts'
import type { AdoptResult, DriftResult } from './drift.ts'
import type { FixOptions, FixResult } from './fix.ts'
import type { InitResult } from './init.ts'
import type { KeptListResult, PruneOptions } from './kept.ts'
import { type Ended, type Outcome, outcomeOf } from './outcome.ts'
import type { PlanOptions, PlanResult } from './plan.ts'
import type { RepairOptions, RepairResult } from './repair.ts'
import type { ResetOptions, ResetResult } from './reset.ts'
import type { RollbackOptions, RollbackResult } from './rollback.ts'
import type { SeedExportResult } from './seed-export.ts'
import type { RowOptions } from './seed-files.ts'
import type { SeedSyncOptions, SeedSyncResult } from './seed-sync.ts'
import type {
  SeedRunOptions,
  SeedRunResult,
  SeedSetOptions,
  SeedStatusResult,
  SeedVerifyResult,
} from './seed.ts'
import type { SquashOptions, SquashResult } from './squash.ts'
import type { StatusResult } from './status.ts'

/** Which project is opened, and how it is worked on. Nothing is required: what is absent is found as the CLI finds it. */
export interface ProjectOptions {
  /** A folder of the project, or one below it; the working directory if absent. */
  readonly cwd?: string | undefined
  /** Name of an environment of slipway.config.ts, as `--env`. */
  readonly environment?: string | undefined
  /** Connection string of the target, as `--url`. */
  readonly url?: string | undefined
  /** A slipway.config or prisma.config to use, as `--config`. */
  readonly config?: string | undefined
  /** The Prisma schema, a file or a folder, as `--schema`. */
  readonly schema?: string | undefined
  /** The environment variables; those of the process if absent. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Receives the events of the work. Must not throw. */
  readonly onEvent?: ((event: Event) => void) | undefined
  /** Stops the work at the next safe point. Its reason becomes the failure if it carries one. */
  readonly signal?: AbortSignal | undefined
  /** Asks a person for consent if `confirm` is absent; without this function such work is refused. */
  readonly askConsent?: AskConsent | undefined
  /** Milliseconds since 1970; the clock of the machine if absent. */
  readonly now?: (() => number) | undefined
}

/** The use cases of a project. Each method reads the project again, works, and gives plain data; it throws only for a bug in Slipway. */
export interface Slipway {
  /** Writes a slipway.config.ts that explains each setting and sets none. */
  init(): Promise<Outcome<InitResult>>
  /** Tests all that a deploy relies on. */
  doctor(): Promise<Outcome<DoctorResult>>
  /** Compares the history of the target with the migrations of the project. */
  status(): Promise<Outcome<StatusResult>>
  /** Shows what a deploy would do here, step by step. */
  plan(options?: PlanOptions): Promise<Outcome<PlanResult>>
  /** Writes a migration from the history to the Prisma schema, and its down migration. */
  create(name: string, options?: CreateOptions): Promise<Outcome<CreateResult>>
  /** Writes a migration, applies what is pending, generates the client, seeds. */
  dev(options?: DevOptions): Promise<Outcome<DevResult>>
  /** Tests migrations on a shadow database: up, down, up again. */
  check(options?: CheckOptions): Promise<Outcome<CheckResult>>
  /** Rewrites migrations into their safe form. */
  fix(options?: FixOptions): Promise<Outcome<FixResult>>
  /** Replaces many migrations by one, and proves that the result is equal. */
  squash(options?: SquashOptions): Promise<Outcome<SquashResult>>
  /** Applies what is pending. */
  deploy(options?: DeployOptions): Promise<Outcome<DeployResult>>
  /** Rolls back the last migrations. */
  rollback(options?: RollbackOptions): Promise<Outcome<RollbackResult>>
  /** Examines what is wrong, and does what was decided. */
  repair(options?: RepairOptions): Promise<Outcome<RepairResult>>
  readonly drift: {
    /** Compares the target with its history. */
    (): Promise<Outcome<DriftResult>>
    /** Writes a migration from the drift, and marks it as applied on the target. */
    adopt(name: string): Promise<Outcome<AdoptResult>>
  }
  readonly baseline: {
    /** Records the migrations that a database already has as applied. */
    (options?: BaselineOptions): Promise<Outcome<BaselineResult>>
    /** Writes the first migration of a project from the schema of the database. */
    write(name: string, options?: ConsentOptions): Promise<Outcome<AdoptResult>>
  }
  /** Empties a development, testing or embedded database, deploys again and seeds. */
  reset(options?: ResetOptions): Promise<Outcome<ResetResult>>
  readonly kept: {
    /** Lists what deploys and rollbacks kept. */
    list(): Promise<Outcome<KeptListResult>>
    /** Restores one entry of kept data, by its id. */
    restore(id: number): Promise<Outcome<KeptListResult>>
    /** Drops kept data that is older than the retention. */
    prune(options?: PruneOptions): Promise<Outcome<KeptListResult>>
  }
  readonly seed: {
    /** Loads the seed sets of the environment. */
    run(options?: SeedRunOptions): Promise<Outcome<SeedRunResult>>
    /** Compares the sets with what ran on the target. */
    status(): Promise<Outcome<SeedStatusResult>>
    /** Compares every row with the sets. */
    verify(options?: SeedSetOptions): Promise<Outcome<SeedVerifyResult>>
    /** Makes the rows of tables in one environment equal to those of another. */
    sync(options: SeedSyncOptions): Promise<Outcome<SeedSyncResult>>
    /** Writes the rows of tables to the data files of sets. */
    export(options: RowOptions): Promise<Outcome<SeedExportResult>>
  }
  /** The words of a next action as a command to type for this project and target: `npx slipway deploy --env production`. */
  commandLine(args: readonly string[], program?: string): string
}

/**
 * Opens a project for the use cases of Slipway. Nothing is read and nothing is connected to yet: each method reads the
 * project itself, so that a project that lacks something is a failure of the method, as data. Loads only what the called
 * methods need.
 *
 * @example
 * const slipway = await openProject({ environment: 'production' })
 * const outcome = await slipway.deploy({ confirm: 'shop' })
 * if (!outcome.ok) console.error(outcome.failure.code, outcome.result?.receipts)
 */
export async function openProject(options: ProjectOptions = {}): Promise<Slipway> {
  const context = contextOf(options)
  return {
    ...lookingAt(context),
    ...changing(context),
    ...deploying(context),
    kept: keptOf(context),
    seed: seedOf(context),
    commandLine: (args, program = 'npx slipway') => {
      const { config, schema, environment: env, url } = options
      const target = { cwd: options.cwd, config, schema, env, url }
      return commandLine(args, { program, target, variables: context.env })
    },
  }
}

function contextOf(options: ProjectOptions): AppContext {
  const { environment: env, url, config, schema, askConsent } = options
  return {
    cwd: path.resolve(options.cwd ?? '.'),
    env: options.env ?? process.env,
    names: { env, url, config, schema },
    emit: options.onEvent ?? (() => {}),
    signal: options.signal ?? new AbortController().signal,
    now: options.now ?? Date.now,
    nodeVersion: process.versions.node,
    askConsent,
  }
}

/** Imports the module of a use case when it is called, and returns its outcome. */
async function run<Module, Result>(
  load: () => Promise<Module>,
  work: (module: Module) => Promise<Ended<Result>>,
): Promise<Outcome<Result>> {
  const module = await load()
  return await outcomeOf(() => work(module))
}

function lookingAt(context: AppContext) {
  const drift = () =>
    run(
      () => import('./drift.ts'),
      (one) => one.findDrift(context),
    )
  const adopt = (name: string) =>
    run(
      () => import('./drift.ts'),
      (one) => one.adoptFoundDrift(context, name),
    )
  return {
    doctor: () =>
      run(
        () => import('./doctor.ts'),
        (one) => one.examineProject(context),
      ),
    status: () =>
      run(
        () => import('./status.ts'),
        (one) => one.readStatus(context),
      ),
    plan: (asked: PlanOptions = {}) =>
      run(
        () => import('./plan.ts'),
        (one) => one.planDeploy(context, asked),
      ),
    drift: Object.assign(drift, { adopt }),
  }
}

function changing(context: AppContext) {
  return {
    init: () =>
      run(
        () => import('./init.ts'),
        (one) => one.writeConfiguration(context),
      ),
    create: (name: string, asked: CreateOptions = {}) =>
      run(
        () => import('./create.ts'),
        (one) => one.writeMigration(context, name, asked),
      ),
    dev: (asked: DevOptions = {}) =>
      run(
        () => import('./dev.ts'),
        (one) => one.develop(context, asked),
      ),
    check: (asked: CheckOptions = {}) =>
      run(
        () => import('./check.ts'),
        (one) => one.checkNamed(context, asked),
      ),
    fix: (asked: FixOptions = {}) =>
      run(
        () => import('./fix.ts'),
        (one) => one.fixNamed(context, asked),
      ),
    squash: (asked: SquashOptions = {}) =>
      run(
        () => import('./squash.ts'),
        (one) => one.squashRange(context, asked),
      ),
    reset: (asked: ResetOptions = {}) =>
      run(
        () => import('./reset.ts'),
        (one) => one.resetDatabase(context, asked),
      ),
  }
}

function deploying(context: AppContext) {
  const baseline = (asked: BaselineOptions = {}) =>
    run(
      () => import('./baseline.ts'),
      (one) => one.recordBaseline(context, asked),
    )
  const write = (name: string, asked: ConsentOptions = {}) =>
    run(
      () => import('./baseline.ts'),
      (one) => one.writeBaseline(context, name, asked),
    )
  return {
    deploy: (asked: DeployOptions = {}) =>
      run(
        () => import('./deploy.ts'),
        (one) => one.deployPending(context, asked),
      ),
    rollback: (asked: RollbackOptions = {}) =>
      run(
        () => import('./rollback.ts'),
        (one) => one.rollBack(context, asked),
      ),
    repair: (asked: RepairOptions = {}) =>
      run(
        () => import('./repair.ts'),
        (one) => one.repairTarget(context, asked),
      ),
    baseline: Object.assign(baseline, { write }),
  }
}

function keptOf(context: AppContext): Slipway['kept'] {
  const load = () => import('./kept.ts')
  return {
    list: () => run(load, (one) => one.listKept(context)),
    restore: (id) => run(load, (one) => one.restoreOne(context, id)),
    prune: (asked = {}) => run(load, (one) => one.pruneOld(context, asked)),
  }
}

function seedOf(context: AppContext): Slipway['seed'] {
  const load = () => import('./seed.ts')
  return {
    run: (asked = {}) => run(load, (one) => one.runSets(context, asked)),
    status: () => run(load, (one) => one.compareSets(context)),
    verify: (asked = {}) => run(load, (one) => one.verifySets(context, asked)),
    sync: (asked) =>
      run(
        () => import('./seed-sync.ts'),
        (one) => one.syncRows(context, asked),
      ),
    export: (asked) =>
      run(
        () => import('./seed-export.ts'),
        (one) => one.exportRows(context, asked),
      ),
  }
}
