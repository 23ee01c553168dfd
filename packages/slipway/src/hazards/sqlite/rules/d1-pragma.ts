import { SQLITE_TRANSACTION_PRAGMAS } from '../../../statements/index.ts'
import { isD1 } from '../names-and-sizes.ts'
import { ON_D1 } from '../pragmas.ts'
import type { SqliteRule } from '../rule.ts'

/** D1 allows only a few PRAGMAs. */
export const d1Pragma: SqliteRule = {
  id: 'd1-pragma',
  title: 'A PRAGMA that Cloudflare D1 refuses',
  judge(detail, context) {
    if (detail.kind !== 'pragma' || !isD1(context) || ON_D1.has(detail.name)) return undefined
    const { name, value } = detail
    const isKept = value !== undefined && SQLITE_TRANSACTION_PRAGMAS.has(name)
    return {
      severity: isKept ? 'error' : 'warning',
      message: isKept
        ? `D1 refuses PRAGMA ${name} (SQLITE_AUTH).`
        : `D1 refuses PRAGMA ${name} (SQLITE_AUTH). A deploy skips it; remove it so that wrangler can also run the file.`,
    }
  },
}
