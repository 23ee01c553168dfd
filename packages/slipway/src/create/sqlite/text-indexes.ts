import { columnIn, isSameName, type SqliteState, dependentCodeOf } from '../../schema/index.ts'
import { sqliteDetail, sqliteTextIndex, staleBy, type Statement } from '../../statements/index.ts'
import { type RebuiltTable, rebuildsIn, tableOf } from './rebuilds.ts'

/** A full-text index that statements leave out of date. */
export interface StaleIndex {
  readonly name: string
  /** The rebuilt table. */
  readonly table: string
  /** What has changed in the table without an update of the index. */
  readonly by: 'rowids' | 'texts'
  /**
   * Columns that it reads and that the new table does not have: with such a column, it cannot be built again.
   */
  readonly gone: readonly string[]
}

/** The full-text indexes that are wrong after the tables that they index are rebuilt. */
export function staleIndexes(
  statements: readonly Statement[],
  { objects }: SqliteState,
): StaleIndex[] {
  const indexes = objects.flatMap(({ kind, name, sql }) => {
    const index = kind === 'table' ? sqliteTextIndex(sql) : undefined
    return index ? [{ name, index }] : []
  })
  const rebuilds = indexes.length === 0 ? [] : rebuildsIn(statements)
  const found = rebuilds.flatMap((rebuild) => {
    const definition = objects.find((one) => one.kind === 'table' && one.name === rebuild.name)
    const old = definition && tableOf({ text: definition.sql })
    const views = dependentCodeOf(objects, rebuild.name).filter(({ kind }) => kind === 'view')
    return indexes.flatMap(({ name, index }): StaleIndex[] => {
      // How the view derives its rows is unknown.
      const isOfView = views.some((one) => isSameName(one.name, index.content))
      if (!old || !(isOfView || isSameName(rebuild.name, index.content))) return []
      const { made } = rebuild
      const successorOf = (column: string) => successorIn(rebuild, column)
      const by = isOfView ? 'texts' : staleBy(index, { old, made, successorOf })
      const gone = isOfView ? [] : index.columns.filter((column) => !columnIn(made, column))
      return by ? [{ name, table: rebuild.name, by, gone }] : []
    })
  })
  return found.filter(({ name }, at) => found.findIndex((one) => one.name === name) === at)
}

/** The column of the new table that takes over the values of an old column unchanged. */
function successorIn({ copies }: RebuiltTable, column: string): string | undefined {
  return copies
    .flatMap((copy) => {
      const detail = sqliteDetail(copy)
      if (detail.kind !== 'insert' || detail.source.kind !== 'select') return []
      const { columns } = detail.source.select
      return (detail.columns ?? []).map((target, at) => ({ target, source: columns[at] }))
    })
    .find(({ source }) => source?.kind === 'value' && isSameName(source.column ?? '', column))
    ?.target
}
