import { D1_TEXT_BYTES, quoteText } from '../../database/index.ts'
import {
  type AtomicScript,
  type ComparedTable,
  compareSql,
  guardSql,
  noteSql,
} from '../../execution/index.ts'
import {
  createLedgerSql,
  type HistoryRecords,
  REVISION_SQL,
  reviseSql,
} from '../../history/index.ts'
import type { KeepSql } from '../../safekeeping/index.ts'
import { sqliteDividedInsert } from '../../statements/index.ts'

/** A migration as one transaction: what is checked, kept and recorded with it. */
export interface GuardedMigration {
  readonly script: AtomicScript
  readonly records: HistoryRecords
  /** The history and the revision of the ledger as they were read: the script fails if they are others. */
  readonly read: ReadState
  readonly keep: KeepSql
  readonly compared: readonly ComparedTable[]
  /** SQL that runs behind the statements: restores, records, receipts. */
  readonly behind: string
  /** Statements that run as other texts, by their number. */
  readonly instead?: ReadonlyMap<number, string> | undefined
}

/** The history and the ledger of a database, by what changes with them. */
export interface ReadState {
  readonly history: string
  readonly revision: number
}

/**
 * The SQL of a migration and of all that goes with it. No other client can come in between, and each guard undoes all of it:
 * another history than was read, lost rows, changed values, violated keys.
 */
export function guardedScript(migration: GuardedMigration): string {
  const { script, records, read, keep, compared, behind, instead } = migration
  const { stateSql } = records
  const changed = `${stateSql} <> ${quoteText(read.history)} OR ${REVISION_SQL} <> ${read.revision}`
  const comparison = { tables: compared, keys: !script.foreignKeys }
  return [
    records.createSql,
    createLedgerSql(),
    guardSql('history', changed),
    reviseSql(),
    noteSql(comparison),
    keep.before,
    statementsSql(script, instead),
    keep.after,
    behind,
    compareSql(comparison),
  ].join('')
}

/** The statements of the file, and behind them what sets their settings back. */
function statementsSql(
  { script, statements }: AtomicScript,
  instead: ReadonlyMap<number, string> = new Map(),
): string {
  const own = statements.map(({ text }) => `${text}\n;\n`).join('')
  const run = statements.map(({ text, number }) => `${instead.get(number) ?? text}\n;\n`).join('')
  return run + script.slice(own.length)
}

/** The statements that Cloudflare D1 takes in parts only, by their number: an INSERT of many rows that is longer than its limit. */
export function dividedInserts({ statements }: AtomicScript): ReadonlyMap<number, string> {
  return new Map(
    statements.flatMap((statement): [number, string][] => {
      const parts = sqliteDividedInsert(statement, D1_TEXT_BYTES)
      return parts ? [[statement.number, parts.join('\n;\n')]] : []
    }),
  )
}
