import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import { attempt, rethrow } from '../../kernel/index.ts'
import { costOf, type PlanCost } from './plan-cost.ts'

/** The schema of the extension HypoPG, quoted; undefined if the database does not have it. */
export async function schemaOfHypoPG(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'`,
  )
  return row && quoteIdentifier(row.schema)
}

/** A statement with parameters, and the index to try for it. */
interface HypotheticalPlan {
  readonly statement: string
  /** The number of its parameters. */
  readonly parameters: number
  /** CREATE INDEX. */
  readonly index: string
  /** See `schemaOfHypoPG`. */
  readonly hypopg: string
}

const TIMEOUT_MS = 5000
const LOCK_TIMEOUT_MS = 200

/**
 * Plans a statement without and with a hypothetical index, which exists only in this session: nothing is built, written
 * or run. The plans are generic, for any values of the parameters. Fails if the role may not read the table, or if HypoPG
 * does not support the index.
 */
export async function planHypothetically(
  session: Session,
  { statement, parameters, index, hypopg }: HypotheticalPlan,
): Promise<{ readonly before: PlanCost; readonly after: PlanCost }> {
  const values = Array.from({ length: parameters }, () => 'NULL').join(', ')
  // A prepared statement keeps its plan, so each plan has its own.
  const costAs = async (name: string) => {
    await session.execute(`PREPARE ${name} AS ${statement}`)
    const cost = await costOf(session, `EXECUTE ${name}(${values})`)
    await session.execute(`DEALLOCATE ${name}`)
    return cost
  }
  await session.execute(
    `BEGIN READ ONLY; SET LOCAL statement_timeout = ${TIMEOUT_MS}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SET LOCAL plan_cache_mode = force_generic_plan`,
  )
  const planned = await attempt(async () => {
    const before = await costAs('slipway_before')
    await session.execute(`SELECT ${hypopg}.hypopg_create_index(${quoteLiteral(index)})`)
    return { before, after: await costAs('slipway_after') }
  })
  // Neither prepared statements nor hypothetical indexes end with the transaction.
  await session.execute(`ROLLBACK; SELECT ${hypopg}.hypopg_reset(); DEALLOCATE ALL`)
  return planned.ok ? planned.value : rethrow(planned.failure)
}
