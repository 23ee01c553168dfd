import { keyOfName, type SqliteDefinitions } from '../../../schema/index.ts'
import type { SqliteDetail } from '../../../statements/index.ts'
import { COLUMNS } from '../d1-limits.ts'
import { isD1, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** D1 limits the columns of a table. */
export const d1Columns: SqliteRule = {
  id: 'd1-columns',
  title: 'A table has more columns than Cloudflare D1 allows',
  judge(detail, context) {
    if (!isD1(context)) return undefined
    const [name, count] = columnsAfter(detail, context.definitions) ?? []
    if (name === undefined || count === undefined || count <= COLUMNS) return undefined
    return {
      severity: 'error',
      object: tableObject(name),
      anySize: true,
      message: `The table ${name} gets ${count} columns, and D1 allows at most ${COLUMNS}.`,
    }
  },
}

function columnsAfter(
  detail: SqliteDetail,
  { tables }: SqliteDefinitions,
): readonly [string, number] | undefined {
  if (detail.kind === 'create-table') return [detail.table.name, detail.table.columns.length]
  if (detail.kind !== 'add-column') return undefined
  const known = tables.get(keyOfName(detail.table))?.columns.length ?? 0
  return [detail.table, known + 1]
}
