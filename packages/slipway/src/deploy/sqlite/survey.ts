import { balanced, quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import type { Facts, Hazard, Rule, TableFacts } from '../../hazards/index.ts'
import { factsOf, type Survey } from '../../plan/index.ts'
import { readDefinitions, readRowTables } from '../../schema/index.ts'
import { objectKey, ownerOf, parserFor } from '../../statements/index.ts'
import { isConsented } from '../hazards.ts'
import type { PendingWork } from '../pending.ts'
import type { WorkRequest } from '../target.ts'
import { sqlitePlan } from './plan.ts'
import type { TestedMigration } from './test-on-copy.ts'

/** Imported only if something is pending, so that a deploy with nothing to do does not load it. */
const loadHazards = () => import('../../hazards/index.ts')

/** The survey of a deploy, with the row counts of the tables. */
export interface SqliteSurvey extends Survey {
  /** By `objectKey`; absent if rows were not counted because there is no hazard. */
  readonly tables?: ReadonlyMap<string, TableFacts>
}

/**
 * Surveys what pending migrations will do to a SQLite or D1 database: their plan, and their hazards given its
 * content. Counts rows only if there are hazards, which may depend on them.
 */
export async function surveySqlite(
  session: Session,
  { history, plans }: PendingWork,
  work: Pick<WorkRequest, 'address' | 'rules'> & { readonly tested: readonly TestedMigration[] },
): Promise<SqliteSurvey> {
  const plan = sqlitePlan(session, history, work.tested)
  if (plans.length === 0) return { plan, hazards: [] }
  const [{ definitionsAsHistory, judge }, parser, rules] = await Promise.all([
    loadHazards(),
    parserFor('sqlite'),
    work.rules?.() ?? ([] satisfies Rule[]),
  ])
  const { schema, versionNumber } = session.server
  const schemaOf = definitionsAsHistory(await readDefinitions(session), parser)
  const known = { ...factsOf(work.address), serverVersion: versionNumber, defaultSchema: schema }
  const judged = (facts: Facts) => judge({ history: [schemaOf], migrations: plans, facts, rules })
  if (judged(known).length === 0) return { plan, hazards: [] }
  const tables = await readRowCounts(session)
  return { plan, hazards: judged({ ...known, tables }), tables }
}

/**
 * The hazards that need acceptance on a protected target: those of severity error on tables that are not
 * empty, without hazards that are covered by the consent to data loss.
 */
export function sqliteHazardsToAccept({ hazards, plan, tables }: SqliteSurvey): readonly Hazard[] {
  const destroying = new Set(
    plan.steps.flatMap(({ migration, destroys }) => (destroys.length > 0 ? [migration] : [])),
  )
  return hazards.filter((hazard) => {
    const { severity, object, migration } = hazard
    const rows = object && tables?.get(objectKey(ownerOf(object)))?.rows
    if (severity !== 'error' || rows === 0) return false
    return !(isConsented(hazard) && destroying.has(migration))
  })
}

/** The number of tables counted by one statement: Cloudflare D1 accepts 100 KB of SQL. */
const AT_ONCE = 200

/** The row counts of the project's tables. Their sizes are unknown and reported as 0 bytes. */
async function readRowCounts(session: Session): Promise<ReadonlyMap<string, TableFacts>> {
  const names = (await readRowTables(session)).map(({ name }) => name)
  const counts = new Map<string, TableFacts>()
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE)
    const texts = some.map((name) => `(SELECT count(*) FROM ${quoteIdentifier(name)})`)
    const [row] = await session.query<{ counts: string }>(
      `SELECT ${balanced(texts, `|| ${quoteText(' ')} ||`)} AS counts`,
    )
    const found = String(row?.counts).split(' ')
    for (const [index, name] of some.entries()) {
      const table = objectKey({ kind: 'table', schema: null, name })
      counts.set(table, { rows: Number(found[index]), bytes: 0 })
    }
  }
  return counts
}
