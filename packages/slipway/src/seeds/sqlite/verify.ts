import { atomic, quoteText, type Session } from '../../database/index.ts'
import { guardSql, violationIn } from '../../execution/index.ts'
import { formatRows, must } from '../../kernel/index.ts'
import { ledgerFindings, rowFindings, type SeedFinding, type VerifyRequest } from '../finding.ts'
import { sameKey, storedOf } from '../resolved-columns.ts'
import { readTargetTables, refuseSharedTables, tableOf } from '../target-tables.ts'
import { runAbortedScript } from './aborted-script.ts'
import { listOf, refuseConstraint } from './explain.ts'
import { readSqliteSeedLedger } from './ledger.ts'
import { COUNTS } from './merge-sql.ts'
import { anyDiffers, type Resolved, resolveSqlite } from './resolve-sql.ts'
import { beginSql, type PreparedSet, prepareSet, orderedTablesOf } from './script.ts'

/**
 * Checks whether every row of the sets is in a SQLite or D1 database and equal, whether foreign keys refer to
 * existing rows, and whether the ledger has the current sets. Changes nothing: its script aborts with the
 * findings.
 */
export async function verifySqliteSeeds(
  session: Session,
  { sets, names, emit, limits }: VerifyRequest,
): Promise<SeedFinding[]> {
  const tables = await readTargetTables(session, names)
  refuseSharedTables(tables, sets)
  const records = await readSqliteSeedLedger(session)
  const found: SeedFinding[] = []
  for (const set of sets) {
    emit({ kind: 'phase', phase: 'verify', detail: set.name })
    found.push(...ledgerFindings(set, records))
    const turns = orderedTablesOf(set, (table) => tableOf(tables, set, table, []))
    const prepared = await prepareSet(session, { set, turns, tables, first: 0, emit, limits })
    found.push(...(await compare(session, prepared)))
    for (const { target } of turns) found.push(...(await orphans(session, set.name, target.name)))
  }
  return found
}

async function compare(session: Session, prepared: PreparedSet): Promise<SeedFinding[]> {
  const all = prepared.tables.map(({ staged }) => resolveSqlite(staged, new Set(), 'r'))
  const script = [
    beginSql(),
    ...all.map((resolved) => resolved.sql + resolved.resolveSql + compareSql(resolved)),
    guardSql('seed-compared', '1', {
      counts: `(SELECT json_group_array(json_array(at, what, rows)) FROM ${COUNTS})`,
    }),
  ]
  const counts = await runAndReadCounts(session, script.join(''), prepared)
  return all.flatMap(({ at, set, table }) =>
    (['missing', 'different'] as const).flatMap((kind): SeedFinding[] => {
      const rows = counts.find((one) => one[0] === at && one[1] === kind)?.[2] ?? 0
      return rowFindings(kind, { set: set.name, table: table.name, rows })
    }),
  )
}

/** SQL that counts missing and different rows. A row with an unresolved reference counts as missing. */
function compareSql(resolved: Resolved): string {
  const { at, source, target, table, key, columns } = resolved
  const values = table.mode === 'insert-missing' ? [] : columns.filter((one) => !key.includes(one))
  const there = storedOf(must(key[0], 'a natural key has a column'))
  const other = values.length === 0 ? '0' : anyDiffers(resolved, values)
  const count = (kind: 'missing' | 'different', condition: string) =>
    `INSERT INTO ${COUNTS} SELECT ${at}, ${quoteText(kind)}, count(*) FROM ${source} LEFT JOIN ${target.id} t ON ${sameKey(resolved)} WHERE ${condition};\n`
  const isMissing = `${there} IS NULL OR r.missing IS NOT NULL`
  return count('missing', isMissing) + count('different', `NOT (${isMissing}) AND (${other})`)
}

async function runAndReadCounts(
  session: Session,
  script: string,
  prepared: PreparedSet,
): Promise<[number, string, number][]> {
  const failure = await runAbortedScript(atomic(session), script)
  const violation = violationIn(failure)
  if (violation?.guard === 'seed-compared')
    return listOf(violation.facts['counts']) as [number, string, number][]
  return refuseConstraint([prepared], failure)
}

/** Finds rows that refer to missing rows, because they were written while foreign keys were not enforced. */
async function orphans(session: Session, set: string, table: string): Promise<SeedFinding[]> {
  const rows = await session.query<{ parent: string; count: number }>(
    `SELECT parent, count(*) AS count FROM pragma_foreign_key_check(${quoteText(table)}) GROUP BY parent`,
  )
  return rows.map(({ parent, count }) => ({
    set,
    table,
    kind: 'orphan',
    rows: count,
    message: `${formatRows(count)} of ${table} ${count === 1 ? 'refers' : 'refer'} to rows of ${parent} that do not exist.`,
  }))
}
