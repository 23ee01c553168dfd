import path from 'node:path'
import { attempt, type Event, type Result, rethrow } from '../kernel/index.ts'
import type { D1Location } from '../project/index.ts'
import { ARGUMENTS, PROJECT, refuseArguments, refuseContradiction } from './arguments.ts'
import type {
  BackupRunOptions,
  BackupRunResult,
  BackupScheduleOptions,
  BackupScheduleResult,
} from './backup-schedule.ts'
import type {
  BackupCreateOptions,
  BackupCreateResult,
  BackupListResult,
  BackupPruneOptions,
  BackupPruneResult,
  BackupRestoreOptions,
  BackupRestoreResult,
  BackupVerifyOptions,
  BackupVerifyResult,
} from './backup.ts'
import type { BaselineOptions, BaselineResult } from './baseline.ts'
import type { CheckOptions, CheckResult } from './check.ts'
import { commandLine } from './command-line.ts'
import { completeSuggestions } from './complete-suggestions.ts'
import type { AppContext, AskConsent, ConsentOptions } from './context.ts'
import type { CreateOptions, CreateResult } from './create.ts'
import type { DeployOptions, DeployResult } from './deploy.ts'
import type { DevOptions, DevResult } from './dev.ts'
import type { DoctorResult } from './doctor.ts'
import type { AdoptResult, DriftResult } from './drift.ts'
import type { FixOptions, FixResult } from './fix.ts'
import type { InitOptions, InitResult } from './init.ts'
import type { InspectOptions, InspectResult } from './inspect.ts'
import type { KeptListResult, KeptPruneResult, PruneOptions } from './kept.ts'
import { type UseCaseReturn, type Outcome, outcomeOf } from './outcome.ts'
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

/** Which project is opened, and how its methods work. The defaults are those of the CLI. */
export interface ProjectOptions {
  /** A folder of the project, or one below it; the working directory if absent. */
  readonly cwd?: string | undefined
  /** Name of an environment of slipway.config.ts, as `--env`. */
  readonly environment?: string | undefined
  /** Connection string of the target, as `--url`. */
  readonly url?: string | undefined
  /** Which D1 database of the Worker, as `--local` or `--remote`. Cannot be combined with `url`. */
  readonly location?: D1Location | undefined
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
  /** Asks the user for consent if `confirm` is absent. Without it, work that needs consent is refused. */
  readonly askConsent?: AskConsent | undefined
  /** Milliseconds since 1970; the clock of the machine if absent. */
  readonly now?: (() => number) | undefined
}

/** The use cases of a project. Each method reads the project again and throws only for a bug in Slipway. */
export interface Slipway {
  /** Writes a slipway.config.ts that explains each setting; adds to .gitignore and package.json scripts. */
  init(options?: InitOptions): Promise<Outcome<InitResult>>
  /** Tests everything that a deploy relies on. */
  doctor(): Promise<Outcome<DoctorResult>>
  /** Examines the target's health from catalogs and statistics. Changes nothing there, and reads no rows. */
  inspect(options?: InspectOptions): Promise<Outcome<InspectResult>>
  /** Compares the history of the target with the migrations of the project. */
  status(): Promise<Outcome<StatusResult>>
  /** Shows what a deploy would do here, step by step. */
  plan(options?: PlanOptions): Promise<Outcome<PlanResult>>
  /** Writes a migration from the history to the Prisma schema, and its down migration. */
  create(name: string, options?: CreateOptions): Promise<Outcome<CreateResult>>
  /** Writes a migration, applies pending migrations, generates the client, runs seeds. */
  dev(options?: DevOptions): Promise<Outcome<DevResult>>
  /** Tests migrations on a shadow database: up, down, up again. */
  check(options?: CheckOptions): Promise<Outcome<CheckResult>>
  /** Rewrites migrations into their safe form. */
  fix(options?: FixOptions): Promise<Outcome<FixResult>>
  /** Replaces migrations with a single one, and proves that the result is equal. */
  squash(options?: SquashOptions): Promise<Outcome<SquashResult>>
  /** Applies pending migrations. */
  deploy(options?: DeployOptions): Promise<Outcome<DeployResult>>
  /** Rolls back the last migrations. */
  rollback(options?: RollbackOptions): Promise<Outcome<RollbackResult>>
  /** Examines what is wrong with the target, and carries out a decision. */
  repair(options?: RepairOptions): Promise<Outcome<RepairResult>>
  readonly drift: {
    /** Compares the target with its history. */
    (): Promise<Outcome<DriftResult>>
    /** Writes a migration from the drift, and marks it as applied on the target. */
    adopt(name: string, options?: ConsentOptions): Promise<Outcome<AdoptResult>>
  }
  readonly baseline: {
    /** Records the migrations that a database already has as applied. */
    (options?: BaselineOptions): Promise<Outcome<BaselineResult>>
    /** Writes the first migration of a project from the schema of the database. */
    write(name: string, options?: ConsentOptions): Promise<Outcome<AdoptResult>>
  }
  /** Empties a development, testing or embedded database, deploys again and seeds. */
  reset(options?: ResetOptions): Promise<Outcome<ResetResult>>
  readonly backup: {
    /** Dumps the target into the store of its environment. */
    create(options?: BackupCreateOptions): Promise<Outcome<BackupCreateResult>>
    /** Lists the backups of the store. Connects to no database. */
    list(): Promise<Outcome<BackupListResult>>
    /** Restores a backup into a throw-away database, and compares it with its manifest. */
    verify(options?: BackupVerifyOptions): Promise<Outcome<BackupVerifyResult>>
    /** Restores a backup into the target. */
    restore(options?: BackupRestoreOptions): Promise<Outcome<BackupRestoreResult>>
    /** Decides which backups of the environment expire; removes them with `write`. */
    prune(options?: BackupPruneOptions): Promise<Outcome<BackupPruneResult>>
    /** Makes backups on a schedule until the signal. */
    run(options: BackupRunOptions): Promise<Outcome<BackupRunResult>>
    /** Returns the configuration of scheduled backups for cron and other schedulers. */
    schedule(options: BackupScheduleOptions): Promise<Outcome<BackupScheduleResult>>
  }
  readonly kept: {
    /** Lists the data that deploys and rollbacks kept. */
    list(): Promise<Outcome<KeptListResult>>
    /** Restores one entry of kept data, by its id. */
    restore(id: number, options?: ConsentOptions): Promise<Outcome<KeptListResult>>
    /** Drops kept data that is older than the retention. */
    prune(options?: PruneOptions): Promise<Outcome<KeptPruneResult>>
  }
  readonly seed: {
    /** Loads the seed sets of the environment. */
    run(options?: SeedRunOptions): Promise<Outcome<SeedRunResult>>
    /** Compares the sets with those that ran on the target. */
    status(): Promise<Outcome<SeedStatusResult>>
    /** Compares every row with the sets. */
    verify(options?: SeedSetOptions): Promise<Outcome<SeedVerifyResult>>
    /** Makes the rows of tables in one environment equal to those of another. */
    sync(options: SeedSyncOptions): Promise<Outcome<SeedSyncResult>>
    /** Writes the rows of tables to the data files of sets. */
    export(options: RowOptions): Promise<Outcome<SeedExportResult>>
  }
  /** A next action's arguments as a command to type for this target: `npx slipway deploy --env production`. */
  commandLine(args: readonly string[], program?: string): string
}

/**
 * Opens a project for the use cases of Slipway. Reads nothing and connects to nothing yet: each method reads
 * the project itself, and returns a failure if the project is invalid. Loads only the code that the called
 * methods need.
 *
 * @example
 * const slipway = await openProject({ environment: 'production' })
 * const outcome = await slipway.deploy({ confirm: 'shop' })
 * if (!outcome.ok) console.error(outcome.failure.code, outcome.result?.receipts)
 */
export async function openProject(options: ProjectOptions = {}): Promise<Slipway> {
  const checked = await attempt(async () => {
    refuseArguments([PROJECT], [options])
    refuseContradiction(options)
  })
  const context = contextOf(checked.ok ? options : {})
  const method = methodOf(checked)
  return {
    ...readMethods(context, method),
    ...changeMethods(context, method),
    ...deployMethods(context, method),
    backup: backupOf(context, method),
    kept: keptOf(context, method),
    seed: seedOf(context, method),
    commandLine: (args, program = 'npx slipway') => {
      const { env, url, location, config, schema } = context.names
      const cwd = checked.ok ? options.cwd : undefined
      const target = { cwd, config, schema, env, url, location }
      const words = Array.isArray(args) ? args.map(String) : []
      return commandLine(words, { program, target, variables: context.env })
    },
  }
}

function contextOf(options: ProjectOptions): AppContext {
  const { environment: env, url, location, config, schema, askConsent } = options
  return {
    cwd: path.resolve(options.cwd ?? '.'),
    env: options.env ?? process.env,
    names: { env, url, location, config, schema },
    emit: options.onEvent ?? (() => {}),
    signal: options.signal ?? new AbortController().signal,
    now: options.now ?? Date.now,
    nodeVersion: process.versions.node,
    askConsent,
  }
}

/**
 * Creates a method that checks its arguments, imports the module of its use case, and returns its outcome. If
 * the options of `openProject` are invalid, each method returns that failure.
 */
function methodOf(opened: Result<void>) {
  return <Module, Args extends readonly unknown[], Ending>(
    expected: keyof typeof ARGUMENTS,
    load: () => Promise<Module>,
    work: (module: Module, ...args: Args) => Promise<UseCaseReturn<Ending>>,
  ) =>
    (...args: Args): Promise<Outcome<Ending>> => {
      let isValid = false
      return outcomeOf(
        async () => {
          if (!opened.ok) rethrow(opened.failure)
          refuseArguments(ARGUMENTS[expected], args)
          isValid = true
          return await work(await load(), ...args)
        },
        (failure) => (isValid ? completeSuggestions(failure, expected, args[0]) : failure),
      )
    }
}

type Method = ReturnType<typeof methodOf>

function readMethods(context: AppContext, method: Method) {
  const drift = () => import('./drift.ts')
  return {
    doctor: method(
      'none',
      () => import('./doctor.ts'),
      (one) => one.examineProject(context),
    ),
    inspect: method(
      'inspect',
      () => import('./inspect.ts'),
      (one, asked: InspectOptions = {}) => one.inspectHealth(context, asked),
    ),
    status: method(
      'none',
      () => import('./status.ts'),
      (one) => one.readStatus(context),
    ),
    plan: method(
      'plan',
      () => import('./plan.ts'),
      (one, asked: PlanOptions = {}) => one.planDeploy(context, asked),
    ),
    drift: Object.assign(
      method('none', drift, (one) => one.findDrift(context)),
      {
        adopt: method('adopt', drift, (one, name: string, asked: ConsentOptions = {}) =>
          one.adoptFoundDrift(context, name, asked),
        ),
      },
    ),
  }
}

function changeMethods(context: AppContext, method: Method) {
  return {
    init: method(
      'init',
      () => import('./init.ts'),
      (one, asked: InitOptions = {}) => one.writeConfiguration(context, asked),
    ),
    create: method(
      'create',
      () => import('./create.ts'),
      (one, name: string, asked: CreateOptions = {}) => one.writeMigration(context, name, asked),
    ),
    dev: method(
      'dev',
      () => import('./dev.ts'),
      (one, asked: DevOptions = {}) => one.develop(context, asked),
    ),
    check: method(
      'check',
      () => import('./check.ts'),
      (one, asked: CheckOptions = {}) => one.checkNamed(context, asked),
    ),
    fix: method(
      'fix',
      () => import('./fix.ts'),
      (one, asked: FixOptions = {}) => one.fixNamed(context, asked),
    ),
    squash: method(
      'squash',
      () => import('./squash.ts'),
      (one, asked: SquashOptions = {}) => one.squashRange(context, asked),
    ),
    reset: method(
      'reset',
      () => import('./reset.ts'),
      (one, asked: ResetOptions = {}) => one.resetDatabase(context, asked),
    ),
  }
}

function deployMethods(context: AppContext, method: Method) {
  const baseline = () => import('./baseline.ts')
  return {
    deploy: method(
      'deploy',
      () => import('./deploy.ts'),
      (one, asked: DeployOptions = {}) => one.deployPending(context, asked),
    ),
    rollback: method(
      'rollback',
      () => import('./rollback.ts'),
      (one, asked: RollbackOptions = {}) => one.rollBack(context, asked),
    ),
    repair: method(
      'repair',
      () => import('./repair.ts'),
      (one, asked: RepairOptions = {}) => one.repairTarget(context, asked),
    ),
    baseline: Object.assign(
      method('baseline', baseline, (one, asked: BaselineOptions = {}) =>
        one.recordBaseline(context, asked),
      ),
      {
        write: method('writeBaseline', baseline, (one, name: string, asked: ConsentOptions = {}) =>
          one.writeBaseline(context, name, asked),
        ),
      },
    ),
  }
}

function backupOf(context: AppContext, method: Method): Slipway['backup'] {
  const load = () => import('./backup.ts')
  const schedule = () => import('./backup-schedule.ts')
  return {
    create: method('backupCreate', load, (one, asked: BackupCreateOptions = {}) =>
      one.backUp(context, asked),
    ),
    list: method('none', load, (one) => one.listAll(context)),
    verify: method('backupVerify', load, (one, asked: BackupVerifyOptions = {}) =>
      one.verifyOne(context, asked),
    ),
    restore: method('backupRestore', load, (one, asked: BackupRestoreOptions = {}) =>
      one.restoreOne(context, asked),
    ),
    prune: method('backupPrune', load, (one, asked: BackupPruneOptions = {}) =>
      one.pruneBackups(context, asked),
    ),
    run: method('backupRun', schedule, (one, asked: BackupRunOptions) =>
      one.followSchedule(context, asked),
    ),
    schedule: method('backupSchedule', schedule, (one, asked: BackupScheduleOptions) =>
      one.printSchedule(context, asked),
    ),
  }
}

function keptOf(context: AppContext, method: Method): Slipway['kept'] {
  const load = () => import('./kept.ts')
  return {
    list: method('none', load, (one) => one.listKept(context)),
    restore: method('restore', load, (one, id: number, asked: ConsentOptions = {}) =>
      one.restoreOne(context, id, asked),
    ),
    prune: method('prune', load, (one, asked: PruneOptions = {}) => one.pruneOld(context, asked)),
  }
}

function seedOf(context: AppContext, method: Method): Slipway['seed'] {
  const load = () => import('./seed.ts')
  return {
    run: method('seedRun', load, (one, asked: SeedRunOptions = {}) => one.runSets(context, asked)),
    status: method('none', load, (one) => one.compareSets(context)),
    verify: method('seedVerify', load, (one, asked: SeedSetOptions = {}) =>
      one.verifySets(context, asked),
    ),
    sync: method(
      'seedSync',
      () => import('./seed-sync.ts'),
      (one, asked: SeedSyncOptions) => one.syncRows(context, asked),
    ),
    export: method(
      'seedExport',
      () => import('./seed-export.ts'),
      (one, asked: RowOptions) => one.exportRows(context, asked),
    ),
  }
}
