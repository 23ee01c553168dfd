import { quoteIdentifier, type Session } from '../database/index.ts'
import { attempt, type Failure, formatRows, must, rethrow } from '../kernel/index.ts'
import { ledgerFindings, rowFindings, type SeedFinding, type VerifyRequest } from './finding.ts'
import { readPostgresSeedLedger } from './ledger.ts'
import { orderTables } from './order.ts'
import { differs, distinct, isAltered } from './postgres/altered.ts'
import { stage } from './postgres/stage.ts'
import { type Resolved, resolve } from './resolve.ts'
import { sameKey, storedOf } from './resolved-columns.ts'
import type { SeedSet } from './set.ts'
import { readTargetTables, refuseSharedTables, tableOf, type TargetTable } from './target-tables.ts'

/**
 * Checks whether every row of the sets is in the database and equal, whether foreign keys refer to existing
 * rows, and whether the ledger has the current sets. Changes nothing: its temporary tables are rolled back.
 */
export async function verifyPostgresSeeds(
  session: Session,
  { sets, names, emit, limits }: VerifyRequest,
): Promise<SeedFinding[]> {
  const tables = await readTargetTables(session, names)
  refuseSharedTables(tables, sets)
  const records = await readPostgresSeedLedger(session)
  const found: SeedFinding[] = []
  await session.execute(
    `BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'`,
  )
  const done = await attempt(async () => {
    let staging = 0
    for (const set of sets) {
      emit({ kind: 'phase', phase: 'verify', detail: set.name })
      found.push(...ledgerFindings(set, records))
      const placed = set.tables.map((table) => ({
        table,
        target: tableOf(tables, set, table, []),
      }))
      for (const { table, target } of orderTables(placed)) {
        const staged = await stage(session, {
          set,
          table,
          target,
          tables,
          at: staging++,
          emit,
          limits,
        })
        const resolved = await attempt(() => resolve(session, staged, new Set()))
        if (resolved.ok) found.push(...(await compare(session, resolved.value)))
        else found.push(unresolved(set, table.name, resolved.failure))
        found.push(...(await orphans(session, set, target)))
      }
    }
  })
  await attempt(() => session.execute('ROLLBACK'))
  if (!done.ok) rethrow(done.failure)
  return found
}

/** The finding for a missing referenced row, without which the rows of the table cannot be compared. */
function unresolved(set: SeedSet, table: string, failure: Failure): SeedFinding {
  if (failure.code !== 'SEEDS.REFERENCE_MISSING') return rethrow(failure)
  return { set: set.name, table, kind: 'missing', rows: 1, message: failure.message }
}

async function compare(session: Session, resolved: Resolved): Promise<SeedFinding[]> {
  const { set, table, target, source, key, columns, altered } = resolved
  const values = table.mode === 'insert-missing' ? [] : columns.filter((one) => !key.includes(one))
  const other = values.length === 0 ? 'false' : distinct(session, resolved, values)
  const byTrigger = values
    .filter(({ name }) => altered.has(name))
    .map((one) => `${differs(resolved, one)} AND ${isAltered(session, resolved, one)}`)
  const there = storedOf(must(key[0], 'a natural key has a column'))
  const [counts] = await session.query<{ missing: string; different: string; altered: string }>(
    `SELECT count(*) FILTER (WHERE ${there} IS NULL) AS missing,
       count(*) FILTER (WHERE ${there} IS NOT NULL AND (${other})) AS different,
       count(*) FILTER (WHERE ${there} IS NOT NULL AND (${byTrigger.join(' OR ') || 'false'})) AS altered
     FROM ${source} LEFT JOIN ${target.id} t ON ${sameKey(resolved)}`,
  )
  return (['missing', 'different', 'altered'] as const).flatMap((kind) =>
    rowFindings(kind, { set: set.name, table: table.name, rows: Number(counts?.[kind] ?? 0) }),
  )
}

/**
 * Finds rows that refer to missing rows: a constraint may be NOT VALID, or may have been disabled for a
 * while.
 */
async function orphans(
  session: Session,
  set: SeedSet,
  target: TargetTable,
): Promise<SeedFinding[]> {
  const found: SeedFinding[] = []
  for (const { columns, table, referenced } of target.foreignKeys) {
    const parent = [table.schema ?? session.server.schema, table.name]
      .map(quoteIdentifier)
      .join('.')
    const own = columns.map((column) => `t.${quoteIdentifier(column)}`)
    const same = columns.map(
      (column, at) => `p.${quoteIdentifier(referenced[at] ?? '')} = t.${quoteIdentifier(column)}`,
    )
    const [row] = await session.query<{ rows: string }>(
      `SELECT count(*) AS rows FROM ${target.id} t WHERE ${own.map((column) => `${column} IS NOT NULL`).join(' AND ')}
       AND NOT EXISTS (SELECT FROM ${parent} p WHERE ${same.join(' AND ')})`,
    )
    const rows = Number(row?.rows ?? 0)
    if (rows > 0) {
      const message = `${formatRows(rows)} of ${target.name} ${rows === 1 ? 'refers' : 'refer'} by ${columns.join(', ')} to rows of ${table.name} that do not exist.`
      found.push({ set: set.name, table: target.name, kind: 'orphan', rows, message })
    }
  }
  return found
}
