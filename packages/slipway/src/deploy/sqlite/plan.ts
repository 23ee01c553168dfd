import type { Session } from '../../database/index.ts'
import type { History } from '../../history/index.ts'
import { appliedRows, type DeployPlan, deployPlan } from '../../plan/index.ts'
import type { Migration, Statement } from '../../statements/index.ts'
import { endangeredBy, lossesIn } from './endangered.ts'
import type { TestedMigration } from './test-on-copy.ts'

/** The plan of a deploy to a SQLite or D1 database, where only the database as a whole is locked. */
export function sqlitePlan(
  { server }: Session,
  history: History,
  tested: readonly TestedMigration[],
): DeployPlan {
  const endangered = new Map(
    tested.map(({ migration, changes }) => [migration.name, endangeredBy(migration, changes)]),
  )
  const of = (plan: Migration) => endangered.get(plan.name) ?? []
  return deployPlan({
    database: server.database,
    serverVersion: server.versionNumber,
    defaultSchema: server.schema,
    applied: appliedRows(history),
    plans: tested.map(({ migration }) => migration),
    outline: [],
    keeps: (plan) => new Set(of(plan).map(({ statement }) => statement)),
    destroys: (plan, { number }: Statement) =>
      lossesIn(
        plan.name,
        of(plan).filter(({ statement }) => statement === number),
      ).map(({ what, object }) => ({ what, object })),
  })
}
