import { isD1, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** The D1 export does not support virtual tables. */
export const d1Export: SqliteRule = {
  id: 'd1-export',
  title: 'A virtual table prevents a Cloudflare D1 export',
  judge(detail, context) {
    if (detail.kind !== 'create-table' || detail.table.module === undefined) return undefined
    if (!isD1(context)) return undefined
    const { name, module } = detail.table
    return {
      severity: 'info',
      object: tableObject(name),
      anySize: true,
      message: `wrangler d1 export refuses to export any part of a database with a virtual table (${module}). Backups of Slipway contain it.`,
    }
  },
}
