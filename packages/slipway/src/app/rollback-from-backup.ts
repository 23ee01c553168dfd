import { listBackups } from '../backup/index.ts'
import { withSession } from '../database/index.ts'
import { compareHistory, readHistory, refuseNewerLedger } from '../history/index.ts'
import { command } from '../kernel/index.ts'
import { backupBefore } from './backup-reuse.ts'
import { storeOf } from './backup-settings.ts'
import { restoreFor } from './backup.ts'
import type { AppContext } from './context.ts'
import { raise } from './failures.ts'
import type { UseCaseReturn } from './outcome.ts'
import type { RollbackOptions, RollbackResult } from './rollback.ts'
import { directAddress, type Work } from './work.ts'

/**
 * Restores the backup that was made before the last migration was applied. The current database is kept under
 * a different name, or by Time Travel: data written since is only there. Fails with APP.NO_BACKUP_BEFORE.
 */
export async function rollBackFromBackup(
  context: AppContext,
  work: Work,
  asked: RollbackOptions,
): Promise<UseCaseReturn<RollbackResult>> {
  const options = { applicationName: 'slipway rollback' }
  const { applied } = await withSession(await directAddress(work), options, async (session) => {
    await refuseNewerLedger(session)
    return compareHistory(await readHistory(session), work.migrations)
  })
  const last = applied.at(-1)
  const { backups } = await listBackups(await storeOf(work))
  const { environment } = work.target
  const previous = applied.at(-2) ?? null
  const backup =
    last === undefined
      ? undefined
      : backupBefore(backups, { environment, migration: last, previous })
  if (backup === undefined) return refuse(last)
  const { id } = backup.manifest
  const { result, findings = [] } = await restoreFor(context, work, {
    ...asked,
    id,
    words: ['rollback', '--from-backup'],
  })
  const {
    backup: item,
    compared,
    old,
    bookmark: _bookmark,
    restoreMs: _restoreMs,
    ...target
  } = result
  const isCompared = compared !== null && compared.compared.length > 0
  const isEqual = compared?.differences.length === 0
  const notice =
    old === null
      ? []
      : [
          {
            id: 'replaced-database',
            severity: 'notice' as const,
            message: `The previous database is now named ${old}. Only it contains data written after the backup.`,
          },
        ]
  return {
    result: {
      ...target,
      receipts: [],
      backup: item,
      timeTravel: null,
      kept: [],
      verified: isCompared ? isEqual : null,
      schemaMatches: compared?.compared.includes('schema') ? isEqual : null,
      testRun: { kind: 'not-tested', reason: 'a backup was restored' },
      downMigrations: [],
    },
    findings: [...findings, ...notice],
    next: [command(['status'], 'see the history of the backup')],
  }
}

function refuse(last: string | undefined): never {
  return raise('APP.NO_BACKUP_BEFORE', {
    message:
      last === undefined
        ? 'No migration is applied, so there is nothing to roll back.'
        : `No backup was made before ${last} was applied.`,
    nextActions: [command(['backup', 'list'], 'see the existing backups')],
  })
}
