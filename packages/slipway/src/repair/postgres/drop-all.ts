import { dialectOf } from '../../database/index.ts'
import {
  NO_JOURNAL,
  runMigrations,
  replaceDeployCommand,
  type TargetSession,
} from '../../execution/index.ts'
import { rethrow } from '../../kernel/index.ts'
import { parseMigration, parserFor } from '../../statements/index.ts'
import type { ResetRequest } from '../reset.ts'
import { planReset } from './reset-sql.ts'

/** Drops the objects of a project in a PostgreSQL database. Returns the schemas that were emptied or dropped. */
export async function dropAllOnPostgres(
  target: TargetSession,
  request: ResetRequest,
): Promise<readonly string[]> {
  const { session } = target
  const { schemas, sql } = await planReset(session, request)
  const parser = await parserFor(dialectOf(session))
  const migration = parseMigration({ name: 'reset', sql }, parser)
  // A reset is not recorded, because it drops the ledger's record.
  const execution = { migration, journal: NO_JOURNAL }
  const { failure } = await runMigrations(target, [execution], [])
  if (failure)
    rethrow({ ...failure, nextActions: replaceDeployCommand(['reset'], failure.nextActions) })
  return schemas
}
