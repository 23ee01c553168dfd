import { keyOfName } from '../../../schema/index.ts'
import type { SqliteDetail } from '../../../statements/index.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** Names with _cf_ belong to D1. */
export const d1ReservedName: SqliteRule = {
  id: 'd1-reserved-name',
  title: 'A name that Cloudflare D1 reserves',
  judge(detail, context) {
    if (!isD1(context)) return undefined
    const name = nameMade(detail)
    if (name === undefined || !keyOfName(name).startsWith('_cf_')) return undefined
    return {
      severity: 'error',
      message: `D1 reserves names that begin with _cf_, and refuses ${name} (SQLITE_AUTH).`,
    }
  },
}

function nameMade(detail: SqliteDetail): string | undefined {
  switch (detail.kind) {
    case 'create-table':
      return detail.table.name
    case 'create-view':
      return detail.view.name
    case 'create-index':
      return detail.index.table
    case 'rename-table':
      return detail.to
    case 'drop':
      return detail.name
    case 'insert':
    case 'update':
    case 'delete':
    case 'add-column':
      return detail.table
    default:
      return undefined
  }
}
