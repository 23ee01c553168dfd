import { type ByDialect, dialectOf } from '../database/index.ts'
import type { TargetSession } from '../execution/index.ts'
import {
  baseline as baselinePostgres,
  type BaselineOutcome,
  type BaselineRequest,
} from './baseline.ts'
import type { Decision, Diagnosis } from './diagnosis.ts'
import { examine as examinePostgres } from './examine.ts'
import { repair as repairPostgres, type RepairOutcome } from './repair.ts'
import type { ExamineRequest, RepairRequest } from './request.ts'
import type { ResetRequest } from './reset.ts'

const DROPS: ByDialect<
  (target: TargetSession, request: ResetRequest) => Promise<readonly string[]>
> = {
  postgres: async (...of) =>
    await (await import('./postgres/drop-all.ts')).dropAllOnPostgres(...of),
  sqlite: async (target) => await (await import('./sqlite/drop-all.ts')).dropAllOnSqlite(target),
}

/** Drops the objects of a project in a database. Returns the schemas that were emptied or dropped. */
export async function dropAll(
  target: TargetSession,
  request: ResetRequest,
): Promise<readonly string[]> {
  return await DROPS[dialectOf(request.address)](target, request)
}

const BASELINES: ByDialect<(request: BaselineRequest) => Promise<BaselineOutcome>> = {
  postgres: baselinePostgres,
  sqlite: async (request) => await (await import('./sqlite/baseline.ts')).baselineSqlite(request),
}

/** Records the part of the history that a database already has as applied: see `baseline.ts`. */
export async function baseline(request: BaselineRequest): Promise<BaselineOutcome> {
  return await BASELINES[dialectOf(request.address)](request)
}

/** How the history of a database is repaired. */
interface Repairing {
  examine(request: ExamineRequest): Promise<Diagnosis>
  repair(request: RepairRequest, decision: Decision): Promise<RepairOutcome>
}

const REPAIRS: ByDialect<() => Promise<Repairing>> = {
  postgres: async () => ({ examine: examinePostgres, repair: repairPostgres }),
  async sqlite() {
    const { examineSqlite, repairSqlite } = await import('./sqlite/repair.ts')
    return { examine: examineSqlite, repair: repairSqlite }
  },
}

/** Says what is wrong with a target's history, and what can be done about it. Changes nothing, takes no lock. */
export async function examine(request: ExamineRequest): Promise<Diagnosis> {
  const dialect = await REPAIRS[dialectOf(request.address)]()
  return await dialect.examine(request)
}

/** Carries out a person's decision about a problem of a target: see `repair.ts`. */
export async function repair(request: RepairRequest, decision: Decision): Promise<RepairOutcome> {
  const dialect = await REPAIRS[dialectOf(request.address)]()
  return await dialect.repair(request, decision)
}
