import { writeFileSync } from 'node:fs'
import { advice, command, formatDuration, readJsonFile } from '../kernel/index.ts'
import { type DeployPlan, planHash, type PlanBasis, stepsHash } from '../plan/index.ts'
import { raise } from './failures.ts'

/** A plan as `slipway plan --out` writes it. */
export interface SavedPlan extends DeployPlan {
  readonly format: 'slipway-plan'
  readonly version: 1
  /**
   * ISO 8601, UTC. Not a part of the hash, which names what a plan does: the same plan has the same hash each time.
   *
   * @format date-time
   * @title a time in ISO 8601
   */
  readonly createdAt: string
  readonly database: string
}

const DAY_MS = 86_400_000

/** How far the clock of the machine that created a plan may be ahead. */
const SKEW_MS = 300_000

/** Writes a plan to a file, overwriting an existing one. `now`: milliseconds since 1970. */
export function savePlan(file: string, { hash, basis, steps }: DeployPlan, now: number): void {
  const saved: SavedPlan = {
    format: 'slipway-plan',
    version: 1,
    createdAt: new Date(now).toISOString(),
    database: basis.database,
    hash,
    basis,
    steps,
  }
  writeFileSync(file, `${JSON.stringify(saved, null, 2)}\n`)
}

/**
 * Reads a saved plan. Fails with DEPLOY.PLAN_UNREADABLE if the file is not a plan or was edited, and with
 * DEPLOY.PLAN_EXPIRED if it is older than a day or its time is ahead of the clock.
 */
export async function readPlan(file: string, now: number): Promise<SavedPlan> {
  const read = await readJsonFile<SavedPlan>(
    file,
    () => import('./plan-file.schema.json', { with: { type: 'json' } }),
  )
  if ('why' in read) return refuseFile(file, read.why, read.cause)
  const { basis, steps, hash, createdAt } = read.value
  if (basis.steps !== stepsHash(steps) || hash !== planHash(basis))
    return refuseFile(file, 'It was edited: its hash does not match its steps.')
  const age = now - Date.parse(createdAt)
  if (age < -SKEW_MS) refuseFuture(file, createdAt, -age)
  if (age <= DAY_MS) return read.value
  return raise('DEPLOY.PLAN_EXPIRED', {
    message: `The plan was made ${formatDuration(age)} ago, at ${createdAt}.`,
    why: 'A plan expires after 24 hours, because the database changes in the meantime.',
    nextActions: [planAgain(file)],
    where: { file },
  })
}

/** Refuses a plan from the future, which would expire too late. */
function refuseFuture(file: string, createdAt: string, aheadMs: number): never {
  raise('DEPLOY.PLAN_EXPIRED', {
    message: `The plan was made at ${createdAt}, which is ${formatDuration(aheadMs)} ahead of this machine's clock.`,
    why: 'The age of the plan is unknown, and a plan expires after 24 hours.',
    nextActions: [
      planAgain(file),
      advice('Set the clocks of both machines, for example with NTP.'),
    ],
    where: { file },
  })
}

function refuseFile(file: string, why: string, cause?: unknown): never {
  return raise('DEPLOY.PLAN_UNREADABLE', {
    message: `${file} is not a plan that this version of Slipway wrote.`,
    why,
    nextActions: [planAgain(file)],
    where: { file },
    cause,
  })
}

function planAgain(file: string) {
  return command(['plan', '--out', file], 'create a new plan')
}

/** Fails with DEPLOY.PLAN_CHANGED if the current plan differs from the given one, and names what differs. */
export function refuseChangedPlan(given: SavedPlan, now: DeployPlan): void {
  if (given.hash === now.hash) return
  const changed = PARTS.flatMap(({ part, said }) =>
    given.basis[part] === now.basis[part] ? [] : [said(given.basis, now.basis)],
  )
  raise('DEPLOY.PLAN_CHANGED', {
    message: `The given plan differs from the current one: ${changed.join('; ')}.`,
    why: 'Nothing was changed: Slipway runs the given plan or nothing.',
    nextActions: [
      command(['plan'], 'see the plan that would run now'),
      command(['status'], 'see what is applied and what is pending'),
    ],
  })
}

const PARTS: readonly {
  readonly part: keyof PlanBasis
  readonly said: (given: PlanBasis, now: PlanBasis) => string
}[] = [
  {
    part: 'database',
    said: (given, now) => `it is for the database ${given.database}, not ${now.database}`,
  },
  {
    part: 'server',
    said: (given, now) => `it is for PostgreSQL ${given.server}, not ${now.server}`,
  },
  { part: 'history', said: () => 'the history of the database has changed' },
  { part: 'files', said: () => 'the files of the pending migrations have changed' },
  {
    part: 'steps',
    said: () => 'the steps have changed, or the size of a table that they use',
  },
]
