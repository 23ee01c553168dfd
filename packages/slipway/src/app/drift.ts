import { adoptDrift, type DriftReport, inspectDrift } from '../drift/index.ts'
import { changeText } from './change-text.ts'
import { requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { readWork, type TargetResult, targetResult, type Work, workRequest } from './work.ts'

/** How a target differs from its history, with SQL for both directions. */
export interface DriftResult
  extends
    TargetResult,
    Pick<
      DriftReport,
      'drifted' | 'basis' | 'changes' | 'choices' | 'loses' | 'columnOrder' | 'unmodelled'
    > {
  /** Empty without drift. */
  readonly sql: { readonly toHistory: string; readonly toTarget: string }
  /** Why there was nothing to compare with. */
  readonly unknown: string | null
}

/** A migration with the objects that a target has in addition to its history, marked as applied there. */
export interface AdoptResult extends TargetResult {
  readonly migration: { readonly name: string; readonly path: string; readonly sql: string }
  /** Parts of the target that the migration does not contain: `privileges of TABLE app.orders`. */
  readonly notWritten: readonly string[]
}

/** Compares the target with its history. Changes nothing. */
export async function findDrift(context: AppContext): Promise<UseCaseReturn<DriftResult>> {
  const work = await readWork(context)
  const found = await inspectDrift({
    ...(await workRequest(context, work)),
    schemas: work.target.schemas,
  })
  const { database, drifted, basis, changes, choices, loses, columnOrder, unmodelled, unknown } =
    found
  const result = {
    ...targetResult(work, database),
    drifted,
    basis,
    changes,
    sql: { toHistory: found.toHistory, toTarget: found.toTarget },
    choices,
    loses,
    columnOrder,
    unmodelled,
    unknown: unknown ?? null,
  }
  return { result, findings: findingsOf(found) }
}

/** Writes a migration from the drift, and marks it as applied on the target. */
export async function adoptFoundDrift(
  context: AppContext,
  name: string,
  asked: ConsentOptions,
): Promise<UseCaseReturn<AdoptResult>> {
  const work = await readWork(context)
  await requirePolicyConsent(context, work, { ...asked, words: ['drift', '--write', name] })
  return await adoptTarget(context, work, name)
}

/** Writes a migration with the target's additions to its history. Other databases get them by a deploy. */
export async function adoptTarget(
  context: AppContext,
  work: Work,
  words: string,
): Promise<UseCaseReturn<AdoptResult>> {
  // Loaded here, because finding drift does not need it.
  const { folderName, writeMigrationFolder } = await import('../create/index.ts')
  const { migrationsDir, migrationsLayout: layout, schema } = work.project
  const history = work.migrations
  const { database, migration, notWritten } = await adoptDrift({
    ...(await workRequest(context, work)),
    name: folderName(words, { now: new Date(context.now()), history, layout }),
    write: async (name, text) => {
      const folder = { migrationsDir, layout, name, dialect: schema.dialect, history }
      return (await writeMigrationFolder(folder, { 'migration.sql': text })).path
    },
  })
  const { name, path: file, sql } = migration
  return {
    result: { ...targetResult(work, database), migration: { name, path: file, sql }, notWritten },
  }
}

/** An unknown result is not "no drift": a gate in CI must not pass on it. */
function findingsOf({ changes, unknown }: DriftReport): ResultFinding[] {
  if (unknown !== undefined) {
    const message = `The database cannot be compared with its history. ${unknown}`
    return [{ id: 'drift-unknown', severity: 'error', message }]
  }
  return changes.map((change) => ({ id: 'drift', severity: 'error', message: changeText(change) }))
}
