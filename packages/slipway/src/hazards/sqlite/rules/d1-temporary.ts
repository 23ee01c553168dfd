import type { SqliteDetail } from '../../../statements/index.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** D1 has no temporary schema. */
export const d1Temporary: SqliteRule = {
  id: 'd1-temporary',
  title: 'Cloudflare D1 refuses temporary objects',
  judge(detail, context) {
    if (!isD1(context)) return undefined
    const what = temporaryIn(detail)
    if (what === undefined) return undefined
    return {
      severity: 'error',
      message: `D1 refuses a temporary ${what} (SQLITE_AUTH). Create an ordinary one, and drop it at the end of the file.`,
    }
  },
}

function temporaryIn(detail: SqliteDetail): string | undefined {
  switch (detail.kind) {
    case 'create-table':
      return detail.table.temporary ? 'table' : undefined
    case 'create-view':
      return detail.view.temporary ? 'view' : undefined
    case 'create-trigger':
      return detail.trigger.temporary ? 'trigger' : undefined
    default:
      return undefined
  }
}
