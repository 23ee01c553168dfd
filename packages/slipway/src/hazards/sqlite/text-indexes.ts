import {
  columnIn,
  type DefinedTable,
  isSameName,
  keyOfName,
  type SqliteDefinitions,
} from '../../schema/index.ts'
import {
  rebuildOfTextIndex,
  rebuildsTextIndex,
  sqliteTextIndex,
  type SqliteColumn,
  type SqliteTextIndex,
  staleBy,
  type Statement,
} from '../../statements/index.ts'
import { isKnown, type Rebuild, successorOf } from './rebuild.ts'
import type { MigrationRun } from './rule.ts'
import { viewsOver } from './uses.ts'

/** A full-text index that is out of date after a rebuild of its content table. */
export interface StaleIndex {
  readonly name: string
  /** The table or view that the index reads. */
  readonly content: string
  readonly by: 'rowids' | 'texts'
  /** Columns that the index reads and the new table lacks. If there are any, the index cannot be rebuilt. */
  readonly gone: readonly string[]
}

/** The indexes that a rebuild leaves out of date, and that no later statement of the migration rebuilds. */
export function staleIndexes(
  rebuild: Rebuild,
  { run, statements }: { readonly run: MigrationRun; readonly statements: readonly Statement[] },
): StaleIndex[] {
  const { order, rename, drop, before, name, old, newTable } = rebuild
  const end = order === 'copy' ? rename : drop
  const later = statements.filter(({ number }) => number > end.number)
  // A view that would prevent the rename is dropped during the rebuild.
  const { views } = run.after
  return indexesOver({ ...before, views }, name).flatMap(({ index, texts }): StaleIndex[] => {
    const isLeft = run.after.tables.get(keyOfName(index.name))?.text === index.text
    if (!isLeft || later.some(({ text }) => rebuildsTextIndex(text, index.name))) return []
    // How a view transforms the rows is unknown.
    const isCertain = isSameName(texts.content, name) && isKnown(old) && isKnown(newTable)
    const successor = (column: string) => successorOf(rebuild, column)
    const by = isCertain ? staleBy(texts, { old, made: newTable, successorOf: successor }) : 'texts'
    const gone = isCertain ? texts.columns.filter((column) => !columnIn(newTable, column)) : []
    return by ? [{ name: index.name, content: texts.content, by, gone }] : []
  })
}

/** The SQL that rebuilds full-text indexes after a table rebuild that keeps all columns and adds others. */
export function indexRebuilds(
  definitions: SqliteDefinitions,
  { table, columns }: { readonly table: DefinedTable; readonly columns: readonly SqliteColumn[] },
): string[] {
  const rebuilt = { old: table, made: { ...table, columns }, successorOf: (name: string) => name }
  return indexesOver(definitions, table.name)
    .filter(({ texts }) => !isSameName(texts.content, table.name) || staleBy(texts, rebuilt))
    .map(({ index }) => rebuildOfTextIndex(index.name))
}

/** The full-text indexes of a table, including through views. */
function indexesOver(
  definitions: SqliteDefinitions,
  table: string,
): { readonly index: DefinedTable; readonly texts: SqliteTextIndex }[] {
  const contents = [table, ...viewsOver(definitions, table)]
  return [...definitions.tables.values()].flatMap((index) => {
    const texts = index.module === undefined ? undefined : sqliteTextIndex(index.text)
    const isOver = texts && contents.some((one) => isSameName(one, texts.content))
    return isOver ? [{ index, texts }] : []
  })
}
