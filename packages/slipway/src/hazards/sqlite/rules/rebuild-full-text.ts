import { rebuildOfTextIndex } from '../../../statements/index.ts'
import { list, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'
import { staleIndexes } from '../text-indexes.ts'

/** An FTS5 table with external content identifies rows by rowid, and only triggers keep it up to date. */
export const rebuildFullText: SqliteRule = {
  id: 'rebuild-full-text',
  title: 'A rebuild leaves a full-text index out of date',
  judge(_detail, { run, migration, statement }) {
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined) return undefined
    const { name, oldName } = rebuild
    const stale = staleIndexes(rebuild, { run, statements: migration.statements })
    return stale.map(({ name: index, by, gone }) => {
      const finding = { severity: 'warning', object: tableObject(index), table: oldName } as const
      if (gone.length > 0) {
        return {
          ...finding,
          message: `The rebuild leaves ${name} without ${list(gone)}, which the full-text index ${index} reads: searches fail. Create the index again without it.`,
        }
      }
      return {
        ...finding,
        message: `The rebuild of ${name} can change the ${by === 'texts' ? 'text' : by} of its rows without updating the full-text index ${index}: searches find wrong rows or none, and SQLite may report a malformed database. Build the index again after the rebuild.`,
        safeSql: `${rebuildOfTextIndex(index)};`,
      }
    })
  },
}
