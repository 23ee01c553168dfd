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

/** A migration as one transaction, with what is checked, kept and recorded in it. */
export interface GuardedMigration {
  readonly script: AtomicScript
  /** SQL that drops the temporary objects that its statements leave. */
  readonly drops: readonly string[]
  readonly records: HistoryRecords
  /** The history and the ledger revision that were read: the script fails if they have changed. */
  readonly read: ReadState
  readonly keep: KeepSql
  readonly compared: readonly ComparedTable[]
  /** Tables whose foreign keys SQLite cannot check. */
  readonly unchecked?: readonly string[] | undefined
  /** SQL that runs after the statements: restores, records, receipts. */
  readonly behind: string
  /** Replacement texts of statements, by statement number. */
  readonly instead?: ReadonlyMap<number, string> | undefined
}

/** The state of the history and the ledger: values that change with them. */
export interface ReadState {
  readonly history: string
  readonly revision: number
}

/**
 * The SQL of a migration and of all that belongs to it. No other client can interfere, and each guard undoes
 * all of it: for a changed history, lost rows, changed values or violated keys.
 */
export function guardedScript(migration: GuardedMigration): string {
  const { script, drops, records, read, keep, compared, unchecked, behind, instead } = migration
  const { stateSql } = records
  const changed = `${stateSql} <> ${quoteText(read.history)} OR ${REVISION_SQL} <> ${read.revision}`
  const comparison = { tables: compared, keys: !script.foreignKeys, unchecked }
  return [
    records.createSql,
    createLedgerSql(),
    guardSql('history', changed),
    reviseSql(),
    noteSql(comparison),
    keep.before,
    statementsSql(script, instead),
    ...drops.map((sql) => `${sql};\n`),
    keep.after,
    behind,
    compareSql(comparison),
  ].join('')
}

/** The statements of the file, followed by the SQL that resets their settings. */
function statementsSql(
  { script, statements }: AtomicScript,
  instead: ReadonlyMap<number, string> = new Map(),
): string {
  const own = statements.map(({ text }) => `${text}\n;\n`).join('')
  const run = statements.map(({ text, number }) => `${instead.get(number) ?? text}\n;\n`).join('')
  return run + script.slice(own.length)
}

/**
 * Statements that Cloudflare D1 accepts only in parts, by number: an INSERT of many rows that exceeds its
 * size limit.
 */
export function dividedInserts({ statements }: AtomicScript): ReadonlyMap<number, string> {
  return new Map(
    statements.flatMap((statement): [number, string][] => {
      const parts = sqliteDividedInsert(statement, D1_TEXT_BYTES)
      return parts ? [[statement.number, parts.join('\n;\n')]] : []
    }),
  )
}
