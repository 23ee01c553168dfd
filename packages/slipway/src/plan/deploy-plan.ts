import type { LockMode, RowWork, StatementOutline } from '../hazards/index.ts'
import { sha256 } from '../kernel/index.ts'
import {
  type Destruction,
  destructionsBy,
  type Migration,
  type Statement,
  type TableRef,
} from '../statements/index.ts'
import { estimateMs } from './estimate.ts'

/** A table of the target that a step affects. Rows and bytes are `null` if unknown. */
export interface StepTable {
  readonly table: TableRef
  readonly lock: LockMode | null
  readonly work: RowWork | null
  readonly rows: number | null
  readonly bytes: number | null
}

/** A statement that a deploy is going to run. */
export interface PlanStep {
  readonly migration: string
  /** The number of the statement in its file. */
  readonly statement: number
  readonly line: number
  /** The number of its transaction in its file; `null` if it runs outside a transaction. */
  readonly transaction: number | null
  /** The strongest lock that it takes on a table of the target, that table, and its size. */
  readonly lock: LockMode | null
  readonly table: TableRef | null
  readonly rows: number | null
  readonly bytes: number | null
  /** Whether all rows of a table are rewritten. */
  readonly rewrite: boolean
  /** The estimated time once it has its locks; `null` if unknown. */
  readonly estimateMs: number | null
  /** The data that it destroys. */
  readonly destroys: readonly Destruction[]
  /** Whether the data that it destroys is kept first. */
  readonly kept: boolean
  /** All tables of the target that it affects, the strongest lock first. */
  readonly tables: readonly StepTable[]
}

/** The parts from which a plan's hash is computed. Plans with equal parts are the same plan. */
export interface PlanBasis {
  readonly database: string
  /** Major version of the server. */
  readonly server: number
  /** Hash of the applied migrations: names and checksums, in order. */
  readonly history: string
  /** Hash of the pending migrations: names and checksums, in order. */
  readonly files: string
  /** Hash of the steps. Of a table's size, it includes only whether the table is empty, small or filled. */
  readonly steps: string
}

/** Ordered steps for one target. Plain JSON; the same input gives the same plan. */
export interface DeployPlan {
  readonly hash: string
  readonly basis: PlanBasis
  readonly steps: readonly PlanStep[]
}

/** The input of a plan. */
export interface PlanInput {
  readonly database: string
  /** As `server_version_num`. */
  readonly serverVersion: number
  readonly defaultSchema: string
  readonly applied: readonly Named[]
  readonly plans: readonly Migration[]
  readonly outline: readonly StatementOutline[]
  /** The numbers of a migration's statements whose destroyed data is kept first. */
  readonly keeps: (plan: Migration) => ReadonlySet<number>
  /** The data that a statement destroys; by default read from its text alone. */
  readonly destroys?: (plan: Migration, statement: Statement) => readonly Destruction[]
}

interface Named {
  readonly name: string
  readonly checksum: string
}

/** Makes the plan of a deploy. Pure. */
export function deployPlan(input: PlanInput): DeployPlan {
  const steps = input.plans.flatMap((plan) => stepsOf(plan, input))
  const basis = {
    database: input.database,
    server: Math.floor(input.serverVersion / 10_000),
    history: hashOf(input.applied.map(({ name, checksum }) => [name, checksum])),
    files: hashOf(input.plans.map(({ name, checksum }) => [name, checksum])),
    steps: stepsHash(steps),
  }
  return { hash: planHash(basis), basis, steps }
}

/** The hash of a plan, from its parts. */
export function planHash({ database, server, history, files, steps }: PlanBasis): string {
  return hashOf(['plan', 1, database, server, history, files, steps])
}

/** The hash of steps, without row counts, bytes and estimates, which change all the time. */
export function stepsHash(steps: readonly PlanStep[]): string {
  return hashOf(
    steps.map(({ migration, statement, line, transaction, rewrite, destroys, kept, tables }) => [
      [migration, statement, line, transaction, rewrite, destroys, kept],
      tables.map(({ table, lock, work, rows }) => [table, lock, work, sizeClass(rows)]),
    ]),
  )
}

function hashOf(value: readonly unknown[]): string {
  return sha256(JSON.stringify(value))
}

function sizeClass(rows: number | null): 'empty' | 'small' | 'filled' {
  if (rows === 0) return 'empty'
  return rows !== null && rows < 1000 ? 'small' : 'filled'
}

function stepsOf(plan: Migration, input: PlanInput): PlanStep[] {
  const { outline, keeps, defaultSchema } = input
  const named = (_: Migration, { actions }: Statement) =>
    actions.flatMap((action) => destructionsBy(action, defaultSchema))
  const destroyed = input.destroys ?? named
  const own = new Map(
    outline
      .filter(({ migration }) => migration === plan.name)
      .map(({ statement, tables }) => [statement, tables]),
  )
  const kept = keeps(plan)
  return plan.groups.flatMap(({ number, kind, statements }) =>
    statements.map((statement) => {
      const tables = (own.get(statement.number) ?? []).map((found): StepTable => ({
        table: found.table,
        lock: found.lock ?? null,
        work: found.work ?? null,
        rows: found.size?.rows ?? null,
        bytes: found.size?.bytes ?? null,
      }))
      const transaction = kind === 'alone' ? null : number
      const isKept = kept.has(statement.number)
      const outlined = step(statement, tables, transaction)
      return {
        migration: plan.name,
        ...outlined,
        destroys: destroyed(plan, statement),
        kept: isKept,
      }
    }),
  )
}

function step(
  statement: Statement,
  tables: readonly StepTable[],
  transaction: number | null,
): Omit<PlanStep, 'migration' | 'destroys' | 'kept'> {
  const [first] = tables
  const tasks = tables.map(({ work, rows, bytes }) => ({
    ...(work === null ? {} : { work }),
    ...(rows === null || bytes === null ? {} : { size: { rows, bytes } }),
  }))
  return {
    statement: statement.number,
    line: statement.line,
    transaction,
    lock: first?.lock ?? null,
    table: first?.table ?? null,
    rows: first?.rows ?? null,
    bytes: first?.bytes ?? null,
    rewrite: tables.some(({ work }) => work === 'rewrites every row'),
    estimateMs: estimateMs(statement, tasks),
    tables,
  }
}
