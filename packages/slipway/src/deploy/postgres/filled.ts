import type { Session } from '../../database/index.ts'
import { historyFailures } from '../../history/index.ts'
import { command, createRaise } from '../../kernel/index.ts'

const raiseHistory = createRaise(historyFailures)

/** Fails with HISTORY.NOT_EMPTY if the schema of a database without history contains tables or views. */
export async function refuseFilledDatabase(session: Session): Promise<void> {
  const result = await session.queryRaw(
    `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> '_prisma_migrations'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`,
    [session.server.schema],
  )
  const tables = Number(result.rows[0]?.[0])
  if (tables === 0) return
  raiseHistory('HISTORY.NOT_EMPTY', {
    message: `The schema ${session.server.schema} contains ${tables} tables or views, and no migration is recorded.`,
    why: 'The migrations would collide with the existing tables.',
    nextActions: [command(['baseline'], 'record the migrations that the database already has')],
  })
}
