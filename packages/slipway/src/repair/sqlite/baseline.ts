import { withSession } from '../../database/index.ts'
import { recordedSchema, testOnCopy, withSqliteTarget } from '../../deploy/index.ts'
import { guardSql } from '../../execution/index.ts'
import {
  createLedgerSql,
  recordSchemaSql,
  recordsOf,
  REVISION_SQL,
  reviseSql,
  sqliteReceiptSql,
} from '../../history/index.ts'
import { differingObjects, type Fingerprint, readFingerprint } from '../../schema/index.ts'
import { checksum, parseMigrations } from '../../statements/index.ts'
import {
  type BaselineOutcome,
  type BaselineRequest,
  type Match,
  refuseHistory,
  refuseMatch,
  refuseTables,
  refuseUnknown,
  undecidedOf,
} from '../baseline.ts'

/** Finds the part of the history that matches the schema of a SQLite or D1 database, and records it: see `baseline`. */
export async function baselineSqlite(request: BaselineRequest): Promise<BaselineOutcome> {
  const { migrations } = request
  return await withSqliteTarget(request, async ({ session, ledger }) => {
    await refuseHistory(session)
    const actual = await readFingerprint(session)
    refuseTables(session, Object.keys(actual.objects).length)
    const detail = `${migrations.length} migrations`
    request.emit({ kind: 'phase', phase: 'compare', detail })
    const match = await findMatch(actual, request)
    if (match.changes.length > 0 && !request.accept) refuseMatch(session, match, request)
    const records = recordsOf(session)
    const recorded = migrations
      .slice(0, match.count)
      .map(({ name, sql }) => ({ name, checksum: checksum(sql) }))
    const script = [
      records.createSql,
      createLedgerSql(),
      guardSql('history', `${REVISION_SQL} <> ${ledger.revision}`),
      reviseSql(),
      ...recorded.map((one) => records.marked(one.name, one.checksum)),
      ...recorded.map(({ name, checksum: text }) =>
        sqliteReceiptSql({ command: 'baseline', migration: name, checksum: text }),
      ),
      match.changes.length === 0 ? recordSchemaSql(recordedSchema(recorded, actual)) : '',
    ]
    await session.runAtomically(script.join(''), { foreignKeys: true })
    return {
      database: session.server.database,
      recorded: recorded.map(({ name }) => name),
      undecided: await undecidedOf(migrations.slice(0, match.count), 'sqlite'),
      pending: migrations.slice(match.count).map(({ name }) => name),
      changes: match.changes,
    }
  })
}

/** The last state with an equal schema, or else the state that differs in the fewest objects. */
async function findMatch(
  actual: Fingerprint,
  { upTo, migrations }: BaselineRequest,
): Promise<Match> {
  const parsed = await parseMigrations(migrations, 'sqlite')
  const matches: Match[] = []
  await withSession({ kind: 'sqlite' }, {}, async (copy) => {
    for (const migration of parsed) {
      const { fingerprint } = await testOnCopy(copy, [migration])
      const changes = differingObjects(fingerprint, actual)
      matches.push({ count: matches.length + 1, changes })
    }
  })
  if (upTo !== undefined) {
    const index = migrations.findIndex(({ name }) => name === upTo)
    return matches[index] ?? refuseUnknown(upTo)
  }
  return matches.reduce((best, one) => (one.changes.length <= best.changes.length ? one : best))
}
