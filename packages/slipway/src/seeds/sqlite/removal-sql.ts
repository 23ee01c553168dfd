import { isDeepStrictEqual } from 'node:util'
import { balanced, quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import { guardSql } from '../../execution/index.ts'
import { readSqliteForeignKeys } from '../../schema/index.ts'
import { isSameObject } from '../../statements/index.ts'
import { cascadeTables } from '../cascade.ts'
import { sameKey } from '../resolved-columns.ts'
import type { SeedSet } from '../set.ts'
import { type TargetForeignKey, type TargetTable, type TargetTables } from '../target-tables.ts'
import { COUNTS, countSql, goneRowsSql, type MergeOptions } from './merge-sql.ts'
import { type Resolved, scriptTable, storedKey } from './resolve-sql.ts'

/** The table in which a script records which rows of other tables refer to rows that it deletes. */
export const REFERENCES_TABLE = '_slipway_seed_referring'

/** The table in which a script records the number of rows of each table before it deletes any. */
export const BEFORE = '_slipway_seed_before'

/** SQL that creates both. */
export const REMOVING = `DROP TABLE IF EXISTS ${REFERENCES_TABLE};
CREATE TABLE ${REFERENCES_TABLE} (at INTEGER NOT NULL, child TEXT NOT NULL, parent TEXT NOT NULL, effect TEXT NOT NULL, rows INTEGER NOT NULL);
DROP TABLE IF EXISTS ${BEFORE};
CREATE TABLE ${BEFORE} (name TEXT NOT NULL, rows INTEGER);\n`

/** The action of a foreign key on rows that refer to a deleted row. */
export type DeleteAction = 'refuse' | 'delete' | 'update'

/** The action of each foreign key, found by its table, its columns and the referenced table. */
export type DeleteActions = (child: TargetTable, key: TargetForeignKey) => DeleteAction

/** Reads the actions of foreign keys when a referenced row is deleted. */
export async function readDeleteActions(session: Session): Promise<DeleteActions> {
  const keys = await readSqliteForeignKeys(session)
  return (child, { columns, table }) => {
    const found = keys.find(
      (one) =>
        one.table === child.name &&
        one.parent === table.name &&
        isDeepStrictEqual(one.columns, columns),
    )
    if (found?.onDelete === 'CASCADE') return 'delete'
    return found?.onDelete.startsWith('SET ') ? 'update' : 'refuse'
  }
}

/** What a removal needs in addition to its tables. */
export interface RemovalScope {
  readonly actions: DeleteActions
  readonly options: MergeOptions
}

/**
 * SQL that deletes the rows that a set inserted into its own tables earlier and no longer contains, children
 * first. Aborts the script if other rows would be deleted too, or prevent the deletion.
 */
export function removalSql(owned: readonly Resolved[], scope: RemovalScope): string {
  const [first] = owned
  if (first === undefined) return ''
  const { tables, set } = first
  const allowed = cascadeTables(set, tables)
  const reached = reachedFrom(owned, tables)
  const last = owned.toReversed()
  const deletes = last.map(
    (resolved) =>
      `DELETE FROM ${resolved.target.id} AS t WHERE ${isToBeDeleted(resolved)};\n` +
      // Rows deleted by a cascade from another of these rows are not among the changes of the statement.
      countSql(resolved.at, 'deleted', `(SELECT count(*) FROM ${scriptTable(resolved.at, 'g')})`),
  )
  return [
    `DELETE FROM ${BEFORE};\n`,
    ...owned.map((resolved) => rowsToDeleteSql(resolved, scope.options)),
    ...owned.flatMap((resolved) => referringSql(resolved, owned, scope.actions)),
    referringGuard(first.at, allowed),
    ...reached.map((table) => beforeSql(table, owned)),
    `INSERT INTO ${BEFORE} VALUES ('', total_changes());\n`,
    ...deletes,
    allowed.length > 0 ? '' : triggerEffectsGuard(first.at, owned, scope.actions),
    ...reached.map((table) => cascadedSql(first.at, table, owned)),
    `DELETE FROM ${REFERENCES_TABLE} WHERE rows <= 0;\n`,
    cascadeGuard(first.at, allowed),
    ...owned.map(forgetSql),
  ].join('')
}

/** SQL that stores the rows to delete, with all their columns. */
function rowsToDeleteSql(resolved: Resolved, { dryRun }: MergeOptions): string {
  const { at, set, target, source } = resolved
  const gone = scriptTable(at, 'g')
  const stays = `EXISTS (SELECT 1 FROM ${source} WHERE ${sameKey(resolved)})`
  return `DROP TABLE IF EXISTS ${gone};
CREATE TABLE ${gone} AS SELECT t.* FROM ${target.id} t
WHERE ${storedKey(resolved)} IN (SELECT o.key FROM _slipway_seed_row o WHERE ${ofTable(set, target)}
  AND o.key NOT IN (SELECT r.k FROM ${source} WHERE r.k IS NOT NULL)) AND NOT ${stays};\n${dryRun ? goneRowsSql(resolved, gone) : ''}`
}

function ofTable(set: SeedSet, target: TargetTable): string {
  return `seed = ${quoteText(set.name)} AND relation = ${quoteText(target.name)}`
}

/** SQL that is true if a row of the target is to be deleted. */
function isToBeDeleted(resolved: Resolved, alias = 't'): string {
  const gone = scriptTable(resolved.at, 'g')
  return `${storedKey(resolved, alias)} IN (SELECT ${storedKey(resolved, 'g')} FROM ${gone} g)`
}

/** SQL that counts the remaining rows that refer to rows to delete. */
function referringSql(
  resolved: Resolved,
  owned: readonly Resolved[],
  actions: DeleteActions,
): string[] {
  const { target, tables, at } = resolved
  const first = owned[0]?.at ?? at
  return [...tables.byKey.values()].flatMap((child) =>
    child.foreignKeys
      .filter(({ table }) => isSameObject(table, target))
      .map((key) => {
        const own = owned.find((one) => one.target === child)
        const stays = own ? ` AND NOT (${isToBeDeleted(own, 'c')})` : ''
        const same = key.columns.map(
          (column, index) =>
            `c.${quoteIdentifier(column)} = g.${quoteIdentifier(key.referenced[index] ?? '')}`,
        )
        const values = [child.name, target.name, actions(child, key)].map(quoteText)
        return `INSERT INTO ${REFERENCES_TABLE} SELECT ${first}, ${values.join(', ')}, count(*) FROM ${child.id} c WHERE EXISTS (SELECT 1 FROM ${scriptTable(at, 'g')} g WHERE ${same.join(' AND ')})${stays};\n`
      }),
  )
}

/** SQL of the recorded references as a JSON text. */
export function referencesJsonSql(condition = '1'): string {
  return `(SELECT json_group_array(json_array(at, child, parent, effect, rows)) FROM ${REFERENCES_TABLE} WHERE rows > 0 AND ${condition})`
}

function referringGuard(at: number, allowed: readonly TargetTable[]): string {
  return guardSql(
    'seed-referred',
    `EXISTS (SELECT 1 FROM ${REFERENCES_TABLE} WHERE at = ${at} AND rows > 0 AND (effect = 'refuse' OR child NOT IN (${namesOf(allowed)})))`,
    { table: String(at), referring: referencesJsonSql(`at = ${at}`) },
  )
}

function namesOf(tables: readonly TargetTable[]): string {
  return tables.map(({ name }) => quoteText(name)).join(', ')
}

/** All tables that a deletion can affect along foreign keys, including the own tables. */
function reachedFrom(owned: readonly Resolved[], { byKey }: TargetTables): TargetTable[] {
  const reached = owned.map(({ target }) => target)
  for (const parent of reached) {
    for (const child of byKey.values()) {
      const refers = child.foreignKeys.some(({ table }) => isSameObject(table, parent))
      if (refers && !reached.includes(child)) reached.push(child)
    }
  }
  return reached
}

/** SQL that is true if there are rows to delete; otherwise rows need not be counted. */
function hasRowsToDeleteSql(owned: readonly Resolved[]): string {
  return balanced(
    owned.map(({ at }) => `EXISTS (SELECT 1 FROM ${scriptTable(at, 'g')})`),
    'OR',
  )
}

function beforeSql({ id, name }: TargetTable, owned: readonly Resolved[]): string {
  return `INSERT INTO ${BEFORE} SELECT ${quoteText(name)}, CASE WHEN ${hasRowsToDeleteSql(owned)} THEN (SELECT count(*) FROM ${id}) END;\n`
}

/**
 * SQL that records the rows that cascades deleted from a table, beyond those that the script deleted itself.
 */
function cascadedSql(at: number, { id, name }: TargetTable, owned: readonly Resolved[]): string {
  const own = owned.find(({ target }) => target.name === name)
  const deleted = own ? `(SELECT count(*) FROM ${scriptTable(own.at, 'g')})` : '0'
  return `DELETE FROM ${REFERENCES_TABLE} WHERE at = ${at} AND child = ${quoteText(name)} AND effect = 'delete';
INSERT INTO ${REFERENCES_TABLE} SELECT ${at}, ${quoteText(name)}, '', 'delete', b.rows - ${deleted} - (SELECT count(*) FROM ${id}) FROM ${BEFORE} b WHERE b.name = ${quoteText(name)} AND b.rows IS NOT NULL;\n`
}

/**
 * Aborts if triggers changed more than the deleted rows. The INSERTs into the counts are changes too, and are
 * deducted.
 */
function triggerEffectsGuard(
  at: number,
  owned: readonly Resolved[],
  actions: DeleteActions,
): string {
  const before = `(SELECT rows FROM ${BEFORE} WHERE name = '')`
  const numbers = owned.map((one) => one.at).join(', ')
  const own = `(SELECT coalesce(sum(rows), 0) FROM ${COUNTS} WHERE what = 'deleted' AND at IN (${numbers}))`
  const terms = [before, '1', String(owned.length), own, ...updatedBeforeDeleteSql(owned, actions)]
  const more = `total_changes() - (${balanced(terms, '+')})`
  return guardSql('seed-passed-on', `${more} > 0`, { table: String(at), rows: more })
}

/**
 * SQL counts of deleted rows that a foreign key may update first, because they refer to other deleted rows.
 */
function updatedBeforeDeleteSql(owned: readonly Resolved[], actions: DeleteActions): string[] {
  return owned.flatMap((child) =>
    child.target.foreignKeys.flatMap((key) => {
      const parent = owned.find(({ target }) => isSameObject(target, key.table))
      if (parent === undefined || actions(child.target, key) !== 'update') return []
      const same = key.columns.map(
        (column, index) =>
          `c.${quoteIdentifier(column)} = p.${quoteIdentifier(key.referenced[index] ?? '')}`,
      )
      const [rows, parents] = [child, parent].map(({ at }) => scriptTable(at, 'g'))
      return [`(SELECT count(*) FROM ${rows} c JOIN ${parents} p ON ${same.join(' AND ')})`]
    }),
  )
}

/**
 * Aborts on cascades that were not allowed, including indirect ones into tables that do not refer to deleted
 * rows.
 */
function cascadeGuard(at: number, allowed: readonly TargetTable[]): string {
  return guardSql(
    'seed-referred',
    `EXISTS (SELECT 1 FROM ${REFERENCES_TABLE} WHERE at = ${at} AND rows > 0 AND child NOT IN (${namesOf(allowed)}))`,
    { table: String(at), referring: referencesJsonSql(`at = ${at}`) },
  )
}

/** SQL that removes ownership records of rows that are neither in the set nor in the table. */
function forgetSql(resolved: Resolved): string {
  const { at, set, target, source } = resolved
  return `DELETE FROM _slipway_seed_row WHERE ${ofTable(set, target)} AND key NOT IN (SELECT r.k FROM ${source} WHERE r.k IS NOT NULL)
  AND key NOT IN (SELECT ${storedKey(resolved)} FROM ${target.id} t);\n${countSql(at, 'forgotten')}`
}
