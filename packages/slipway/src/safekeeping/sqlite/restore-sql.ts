import { quoteIdentifier } from '../../database/index.ts'
import { isSameName, separateRowid, type SqliteForeignKey } from '../../schema/index.ts'
import { ROWID } from './copy-columns.ts'
import { raiseCounter } from './counters.ts'
import { keptTable } from './keep-sql.ts'
import type { SqliteKept } from './kept.ts'
import { type Parents, withParents } from './parent-conditions.ts'
import { referredGuard } from './referred-guard.ts'
import { removeAdded, removedSql } from './remove-added.ts'
import {
  rebuildTextIndexes,
  type RestoredKey,
  type RestorePlace,
  type SqliteTrigger,
  withoutTriggers,
} from './restore-place.ts'
import { foundSql, restoreValues, type ValuesSql } from './restore-values.ts'
import { changesValues, isSameKey, type Restored } from './restored.ts'
import { withdrawRows } from './withdraw-rows.ts'

const NOW = `strftime('%Y-%m-%dT%H:%M:%SZ', 'now')`

/**
 * SQL that restores kept data into its tables, which must have the names from when it was kept. Triggers do
 * not fire, except those that only index rows that statements deleted or updated. Not restored, but counted, are rows that exist, rows with a unique value that another row has now,
 * rows whose parent is gone, and values that were written since. The guard `REFERRED_GUARD` undoes the script if
 * a foreign key would set newer values to NULL. `othersCompared`: the caller compares the tables without kept
 * data, so they need no guard.
 */
export function restoreSql(
  all: readonly SqliteKept[],
  place: RestorePlace,
  { othersCompared = false }: { readonly othersCompared?: boolean } = {},
): string {
  const kept = all.filter(({ kind }) => kind !== 'sequence')
  const isOf = (trigger: SqliteTrigger, one: SqliteKept) =>
    isSameName(trigger.table, one.table.name)
  // DROP TABLE fires no triggers, so an index still has the rows of a dropped table.
  const isDropped = (trigger: SqliteTrigger) =>
    kept.some((one) => one.kind === 'table' && isOf(trigger, one))
  const firing = place.triggers.filter((one) => one.indexes && !isDropped(one))
  const silent = place.triggers.filter((one) => !firing.includes(one))
  const restored = kept.map((one): Restored => {
    const table = place.tables.find(({ name }) => isSameName(name, one.table.name))
    return { kept: one, table, isIndexed: firing.some((by) => isOf(by, one)) }
  })
  const depths = depthsOf(restored, place)
  const depthOf = ({ kept: { table } }: Restored) => depths.get(table.name) ?? 0
  // Virtual tables come last: a trigger of a table may fill its full-text index.
  const rank = ({ table }: Restored) => (table?.virtual ? 1 : 0)
  const parentsFirst = restored.toSorted(
    (one, other) => rank(one) - rank(other) || depthOf(one) - depthOf(other),
  )
  const childrenFirst = restored.toSorted(
    (one, other) => rank(one) - rank(other) || depthOf(other) - depthOf(one),
  )
  // A key is restored after the values that refer to it, so ON UPDATE reaches only newer values.
  const guarded = place.foreignKeys.filter(
    ({ table, referenced, onUpdate }) =>
      onUpdate.startsWith('SET ') &&
      !referenced.includes('') &&
      (!othersCompared || kept.some((one) => isSameName(one.table.name, table))),
  )
  const { foreignKeys } = place
  const added = childrenFirst.filter(({ kept: one }) => one.inserted)
  const removals = added.map((one) => removeAdded(one, foreignKeys)).join('')
  const counts = added.map((one) => doneSql(one.kept.id, removedSql(one))).join('')
  const withValues = childrenFirst.filter(({ kept: one }) => changesValues(one))
  const pending = restored.filter(({ kept: one }) => !one.inserted)
  const values = withValues.map((one) =>
    valuesSql(one, { guarded, parents: { foreignKeys, pending } }),
  )
  const withRows = parentsFirst.filter(
    ({ kept: { kind, inserted } }) => kind !== 'columns' && !inserted,
  )
  const rows = withRows.map((one, at) => rowsOf(one, { foreignKeys, pending: withRows.slice(at) }))
  const tables = kept.map(({ table }) => table.name)
  const rebuilds = rebuildTextIndexes(place, tables)
  // Restored values no longer refer to added rows.
  const again = values.length === 0 ? '' : removals
  const found = restored.filter((one) => !one.kept.inserted && isFound(one))
  const parts = [
    removals,
    ...values.map(({ first }) => first),
    again,
    counts,
    ...rows,
    withdrawRows(withRows, foreignKeys),
    // The last values that were restored refer to others.
    ...values.toReversed().map(({ last }) => last),
    ...found.map((one) => doneSql(one.kept.id, foundSql(one))),
  ]
  const sql = withReferences(foreignKeys, kept, parts.join('')) + countersSql(all, place)
  return withoutTriggers(silent, sql + rebuilds)
}

/** Below this number of restored rows, searching the rows that refer to them costs less than an index. */
const FEW_ROWS = 20

/** SQL that runs while the rows that refer to restored ones have an index: SQLite searches them for each row. */
function withReferences(
  foreignKeys: readonly RestoredKey[],
  kept: readonly SqliteKept[],
  sql: string,
): string {
  const isRestored = (parent: string) =>
    kept.some(({ table, rows = 0 }) => isSameName(table.name, parent) && rows > FEW_ROWS)
  const indexes = foreignKeys
    .filter((key) => !key.indexed && !key.referenced.includes('') && isRestored(key.parent))
    .map(({ table, columns, collations }, at) => {
      const name = `_slipway_reference_${at}`
      const parts = columns.map(
        (column, place) =>
          `${quoteIdentifier(column)} COLLATE ${quoteIdentifier(collations[place] ?? 'BINARY')}`,
      )
      return {
        create: `CREATE INDEX ${name} ON ${quoteIdentifier(table)} (${parts.join(', ')});\n`,
        drop: `DROP INDEX ${name};\n`,
      }
    })
  return [...indexes.map(({ create }) => create), sql, ...indexes.map(({ drop }) => drop)].join('')
}

/** SQL of the AUTOINCREMENT counters, which are not lower than they were. */
function countersSql(all: readonly SqliteKept[], { counted }: RestorePlace): string {
  return all
    .flatMap(({ id, kind, table, sequence }) => {
      if (sequence === undefined) return []
      const isCounted = counted.some((name) => isSameName(name, table.name))
      const raise = isCounted ? raiseCounter(table.name, String(sequence)) : ''
      return kind === 'sequence' && isCounted ? raise + doneSql(id, '0') : raise
    })
    .join('')
}

/** How many restored tables precede each restored table in a chain of parents; tables of a cycle have any number. */
function depthsOf(
  restored: readonly Restored[],
  { foreignKeys }: RestorePlace,
): ReadonlyMap<string, number> {
  const depths = new Map(restored.map(({ kept: { table } }) => [table.name, 0]))
  for (let round = 0; round < depths.size; round++) {
    for (const { table, parent } of foreignKeys) {
      const [own, above] = [depths.get(table), depths.get(parent)]
      if (own === undefined || above === undefined || table === parent) continue
      depths.set(table, Math.max(own, above + 1))
    }
  }
  return depths
}

function valuesSql(
  restored: Restored,
  {
    guarded,
    parents,
  }: { readonly guarded: readonly SqliteForeignKey[]; readonly parents: Parents },
): ValuesSql {
  const { kept } = restored
  const guards = guarded
    .filter(({ parent }) => isSameName(parent, kept.table.name))
    .filter(({ referenced }) =>
      referenced.some((name) => kept.stored.includes(name) && !kept.key.includes(name)),
    )
    .map((key, at) => referredGuard(key, parents.pending, at))
  const { first, last } = restoreValues(restored, parents)
  const before = guards.map((one) => one.before)
  const after = guards.map((one) => one.after)
  return { first: [...before, first, ...after].join(''), last }
}

function rowsOf(one: Restored, parents: Parents): string {
  const done = isFound(one) ? '' : doneSql(one.kept.id, 'changes()')
  return rowsSql(one, parents) + done
}

/** Whether what is restored is counted at the end, by finding it. Otherwise inserted rows are counted. */
function isFound({ kept, table }: Restored): boolean {
  return hasOwnKey(kept) || kept.kind === 'columns' || table?.virtual === true
}

/** Whether its rows have a key, by which they are found even if they are restored repeatedly. */
export function hasOwnKey({ key }: SqliteKept): boolean {
  return key.length > 0 && !key.includes(ROWID)
}

/** SQL that inserts rows, with their old rowids if these are free. */
function rowsSql(one: Restored, parents: Parents): string {
  const {
    kept: { id, stored: columns, hasRowid, table, key },
    table: into,
    isIndexed,
  } = one
  const target = quoteIdentifier(table.name)
  const rowid = hasRowid && into ? separateRowid(into) : undefined
  const known = key.filter((name) => name !== ROWID)
  const isThere = known.map(isSameKey)
  const isFree =
    isThere.length === 0
      ? []
      : [`NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${isThere.join(' AND ')})`]
  const condition = withParents(one, isFree, parents).join(' AND ') || 'true'
  const names = columns.map((name) => quoteIdentifier(name))
  const isTaken = `EXISTS (SELECT 1 FROM ${target} o WHERE o.${rowid} = k.${ROWID})`
  // A virtual table identifies its rows only by rowid, and does not support ON CONFLICT.
  const own = into?.virtual ? `k.${ROWID}` : `CASE WHEN ${isTaken} THEN NULL ELSE k.${ROWID} END`
  const to = rowid === undefined ? names : [rowid, ...names]
  const from = rowid === undefined ? names : [own, ...names]
  // A trigger of the table ignores conflicts if its statement does: the index may have the row.
  const [insert, conflict] =
    into?.virtual || isIndexed ? ['INSERT OR IGNORE', ''] : ['INSERT', ' ON CONFLICT DO NOTHING']
  // A row that gets a new rowid must not take one that another restored row has.
  const order = rowid === undefined || into?.virtual ? '' : ` ORDER BY ${isTaken}`
  return `${insert} INTO ${target} (${to.join(', ')}) SELECT ${from.join(', ')} FROM ${keptTable(id)} k WHERE ${condition}${order}${conflict};\n`
}

function doneSql(id: number, restored: string): string {
  return `UPDATE _slipway_kept SET restored_at = ${NOW}, restored_rows = ${restored} WHERE id = ${id};
UPDATE _slipway_kept SET since_rows = rows - restored_rows WHERE id = ${id};\n`
}
