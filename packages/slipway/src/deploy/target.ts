import {
  type Address,
  executeLocked,
  pinSql,
  quoteIdentifier,
  refuseDeclaredPooler,
  refuseTransactionPooler,
  type Session,
  withSession,
} from '../database/index.ts'
import { type Limits, targetSettingsSql, type TargetSession } from '../execution/index.ts'
import type { Rule } from '../hazards/index.ts'
import {
  createHistorySql,
  prepareLedger,
  readEnvironments,
  recordEnvironment,
  upgradeLedger,
} from '../history/index.ts'
import { command, type Emit, failureOf } from '../kernel/index.ts'
import type { ConfiguredEnvironment } from '../project/index.ts'
import type { ShadowOptions } from '../shadow/index.ts'
import type { MigrationFile } from '../statements/index.ts'
import { refuseConfiguredEnvironment, refuseEnvironment } from './environment.ts'
import { raiseDatabase } from './failures.ts'
import { withDeployLock } from './postgres/lock.ts'
import { missingRights } from './postgres/missing-rights.ts'

/** A target, and the conditions for work on it. */
export interface WorkRequest {
  /** A direct connection. */
  readonly address: Address
  /** The name of the environment. */
  readonly environment: string
  /** Whether each change must be confirmed with the database name. */
  readonly confirm: boolean
  /** True outside development and testing: destroying data needs consent by name. */
  readonly protected: boolean
  readonly migrations: readonly MigrationFile[]
  /** The schemas that the datasource lists. */
  readonly schemas?: readonly string[] | undefined
  readonly limits: Limits
  /** The time after which the whole command gives up. */
  readonly deadlineMs: number
  readonly shadow: ShadowOptions
  /** Environments with a stricter policy, whose databases are compared with the target's; none if absent. */
  readonly stricter?: readonly ConfiguredEnvironment[]
  /** Loads the project's own hazard rules; absent if it has none. */
  readonly rules?: () => Promise<readonly Rule[]>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/**
 * Opens the target for work that changes it: one session, no pooler, no standby, and the deploy lock held
 * until `work` is done. Changes nothing itself, except that it upgrades a ledger that is older than this
 * version of Slipway. Fails with HISTORY.LEDGER_NEWER if the ledger is newer.
 */
export async function withTarget<T>(
  request: WorkRequest,
  work: (session: Session, target: TargetSession) => Promise<T>,
): Promise<T> {
  const { address, emit, signal, limits } = request
  const deadline = performance.now() + request.deadlineMs
  const onNotice = (message: string) => emit({ kind: 'notice', message })
  await refuseDeclaredPooler(address)
  return await withSession(
    address,
    { applicationName: 'slipway deploy', onNotice },
    async (session) => {
      refuseStandby(session)
      await refuseTransactionPooler(session, address)
      return await withDeployLock(session, { deadline, signal, emit }, async (held) => {
        const target: TargetSession = { session: held, address, limits, deadline, signal, emit }
        const pins = session.server.pooled ? pinSql(session) : ''
        await executeLocked(held, pins + targetSettingsSql(target))
        if (await upgradeLedger(held)) await refuseOtherEnvironment(held, request)
        // Slipway has never changed this database.
        else await refuseConfiguredEnvironment(held, request)
        return await work(held, target)
      })
    },
  )
}

/** Asks the server itself, because a connection string may lead through a tunnel. */
async function refuseOtherEnvironment(session: Session, request: WorkRequest): Promise<void> {
  const { protected: isProtected, confirm } = request
  if (isProtected && confirm) return
  const forget = `DELETE FROM ${session.ledger}.environment WHERE name = '…'`
  const { database } = session.server
  refuseEnvironment(await readEnvironments(session), request, { database, forget })
}

/** The environment to record. */
export type RecordedEnvironment = Pick<WorkRequest, 'environment' | 'protected' | 'confirm'>

/**
 * Creates Prisma's history table and Slipway's ledger if they do not exist, and records a protected
 * environment in the ledger. A shadow database has no environment.
 */
export async function createHistoryTables(
  session: Session,
  request?: RecordedEnvironment,
): Promise<void> {
  try {
    // Without this, every existing table causes a NOTICE.
    const quietly = 'SET LOCAL client_min_messages = warning;\n'
    const schema = await createSchemaSql(session)
    await executeLocked(session, quietly + schema + createHistorySql(session))
    await prepareLedger(session)
    if (request?.protected) {
      const { environment: name, confirm } = request
      await recordEnvironment(session, { name, confirm })
    }
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.code !== 'DATABASE.PERMISSION') throw error
    const { database, user } = session.server
    raiseDatabase('DATABASE.PERMISSION', {
      message: `The role ${user} may not create what a deploy needs in ${database}.`,
      why: failure.message,
      nextActions: [
        ...(await missingRights(session)),
        command(['doctor'], 'test all privileges; docs/guides/rights.md lists them'),
      ],
      ...(failure.server ? { server: failure.server } : {}),
    })
  }
}

/** SQL that creates the session's default schema if it does not exist, as Prisma does. */
async function createSchemaSql({ server, queryRaw }: Session): Promise<string> {
  const { rows } = await queryRaw('SELECT FROM pg_namespace WHERE nspname = $1', [server.schema])
  return rows.length > 0 ? '' : `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(server.schema)};\n`
}

function refuseStandby(session: Session): void {
  if (!session.server.standby) return
  raiseDatabase('DATABASE.READ_ONLY', {
    message: 'The server is a read-only standby.',
    why: 'Migrations must run on the primary, which replicates them.',
    nextActions: [command(['doctor'], 'see which server the connection reaches')],
  })
}
