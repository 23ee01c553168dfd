import { executeLocked, type Session } from '../database/index.ts'
import { receiptSql, type SquashStatus, squashedRowsSql } from '../history/index.ts'
import { must } from '../kernel/index.ts'
import { checksum, type MigrationFile } from '../statements/index.ts'

/** A squash that was recorded because the target has the migrations that it replaces. */
export interface Recorded {
  readonly migration: string
  /** The migrations that it replaces here. */
  readonly replaces: readonly string[]
}

/**
 * Records squashes as applied without running them, each in one transaction: its row is added, and those of
 * the replaced migrations no longer count. Needs the ledger.
 */
export async function recordSquashes(
  session: Session,
  squashes: readonly SquashStatus[],
  migrations: readonly MigrationFile[],
): Promise<Recorded[]> {
  const recorded: Recorded[] = []
  for (const { migration: name, replaces } of squashes) {
    const file = must(
      migrations.find((one) => one.name === name),
      name,
    )
    const row = { name, checksum: checksum(file.sql), replaces }
    await executeLocked(
      session,
      squashedRowsSql(session, row) +
        receiptSql(session, { command: 'squash', migration: name, attempts: 1 }),
    )
    recorded.push({ migration: name, replaces })
  }
  return recorded
}
