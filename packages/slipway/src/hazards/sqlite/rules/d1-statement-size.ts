import { sqliteDividedInsert, sqliteMeasures } from '../../../statements/index.ts'
import { STATEMENT_BYTES } from '../d1-limits.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** D1 limits the length of a statement. */
export const d1StatementSize: SqliteRule = {
  id: 'd1-statement-size',
  title: 'A statement is longer than Cloudflare D1 allows',
  judge(_detail, context) {
    if (!isD1(context)) return undefined
    const { bytes } = sqliteMeasures(context.statement)
    if (bytes <= STATEMENT_BYTES) return undefined
    const limit = `The statement is ${bytes} bytes long, and D1 allows at most ${STATEMENT_BYTES}.`
    const { statement, facts } = context
    if (facts.appliedBy !== 'wrangler' && sqliteDividedInsert(statement, STATEMENT_BYTES))
      return {
        severity: 'warning',
        message: `${limit} A deploy divides its rows among several statements; wrangler does not.`,
      }
    return { severity: 'error', message: `${limit} Split it into several.` }
  },
}
