import { readFromTarget, type TargetSession } from '../execution/index.ts'
import { advice, assertNever, command, type Failure, failureFrom } from '../kernel/index.ts'
import { preCheck, type PreCheckResult, VIOLATION_LIMIT } from '../plan/index.ts'
import { type Migration, objectText, placeAt } from '../statements/index.ts'

const TIMEOUT_MS = 30_000
const NAMED = 5

/** Step 4 of a deploy: finds rows of the target on which a pending statement would fail. */
export async function runPreChecks(
  target: TargetSession,
  plans: readonly Migration[],
): Promise<PreCheckResult[]> {
  const { session, signal, deadline, emit } = target
  emit({ kind: 'phase', phase: 'run the pre-checks' })
  const left = Math.max(Math.ceil(deadline - performance.now()), 1)
  const options = { timeoutMs: Math.min(TIMEOUT_MS, left), signal }
  return await readFromTarget(target, () => preCheck(session, plans, options))
}

/** DEPLOY.PRE_CHECK_FAILED if rows would make a statement fail; otherwise undefined. */
export function preCheckFailure(
  database: string,
  plans: readonly Migration[],
  results: readonly PreCheckResult[],
): Failure | undefined {
  const failed = results.filter(({ ok }) => ok === false)
  const [first] = failed
  if (first === undefined) return undefined
  const samples = failed
    .slice(0, NAMED)
    .map(({ object, sample }) => `${sample.join('; ')} (${objectText(object)})`)
  const where = placeOf(plans, first)
  return failureFrom('DEPLOY.PRE_CHECK_FAILED', {
    message: `Rows of ${database} would make the deploy fail: ${named(failed.map(describePreCheck))}.`,
    why: `Nothing was changed. The first of these rows: ${samples.join(', ')}.`,
    nextActions: [
      advice('Correct these rows, or let the migration correct them before the statement.'),
      command(['deploy', '--accept', 'pre-check'], 'deploy anyway'),
    ],
    ...(where ? { where } : {}),
  })
}

/** One check in words: `3 rows of column public.users.email have no value (2_mail, statement 1, line 4)`. */
export function describePreCheck(result: PreCheckResult): string {
  const { violations, object, migration, statement, line } = result
  const most = violations >= VIOLATION_LIMIT ? ' or more' : ''
  const rows = violations === 1 ? 'row' : 'rows'
  const fault = violations === 1 ? faultOf(result).one : faultOf(result).many
  return `${violations}${most} ${rows} of ${objectText(object)} ${fault} (${migration}, statement ${statement}, line ${line})`
}

function faultOf({ kind }: PreCheckResult): { readonly one: string; readonly many: string } {
  switch (kind) {
    case 'not-null':
      return { one: 'has no value', many: 'have no value' }
    case 'unique':
      return { one: 'is not unique', many: 'are not unique' }
    case 'foreign-key':
      return { one: 'refers to no row', many: 'refer to no row' }
    case 'check':
      return { one: 'violates it', many: 'violate it' }
    case 'exclusion':
      return { one: 'conflicts with another row', many: 'conflict with each other' }
    case 'cast':
      return { one: 'does not fit the new type', many: 'do not fit the new type' }
    case 'length':
      return { one: 'is too long for the new type', many: 'are too long for the new type' }
    case 'enum-value':
      return { one: 'has a value that the enum lacks', many: 'have values that the enum lacks' }
    default:
      return assertNever(kind)
  }
}

function named(texts: readonly string[]): string {
  const more = texts.length - NAMED
  return texts.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function placeOf(plans: readonly Migration[], { migration, statement }: PreCheckResult) {
  const plan = plans.find(({ name }) => name === migration)
  const start = plan?.statements.find(({ number }) => number === statement)?.start
  return plan && start !== undefined ? placeAt(plan.sql, start, plan.path) : undefined
}
