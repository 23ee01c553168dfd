import type { Session } from '../../database/index.ts'
import { advice, attempt, rethrow } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { SeedSet } from '../set.ts'

/**
 * Checks deferred constraints, which a rollback would never check. Fails with SEEDS.ROW_INVALID. In a dry run,
 * they remain deferred for the next set.
 */
export async function checkConstraints(
  session: Session,
  set: SeedSet,
  { dryRun }: { readonly dryRun: boolean },
): Promise<void> {
  if (dryRun) await session.execute('SAVEPOINT slipway_constraints')
  const done = await attempt(() => session.execute('SET CONSTRAINTS ALL IMMEDIATE'))
  if (!done.ok) {
    const { server } = done.failure
    if (!server?.sqlstate.startsWith('23')) rethrow(done.failure)
    raise('SEEDS.ROW_INVALID', {
      message: `Rows of ${set.name} are not valid for the database.`,
      why: `${server.message}.`,
      nextActions: [
        advice('None of the set was written. Correct its rows and run the seeds again.'),
      ],
      where: { file: set.file },
      server,
      cause: done.failure,
    })
  }
  if (dryRun) await session.execute('ROLLBACK TO SAVEPOINT slipway_constraints')
}
