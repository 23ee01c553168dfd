import { sqliteMeasures, sqliteNames } from '../../../statements/index.ts'
import { ARGUMENTS, COMPOUNDS, DEPTH, PATTERN_BYTES } from '../d1-limits.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** D1 has lower limits than SQLite. */
export const d1Limit: SqliteRule = {
  id: 'd1-limit',
  title: 'A statement exceeds a Cloudflare D1 limit',
  judge(_detail, context) {
    if (!isD1(context)) return undefined
    const { compounds, depth, pattern } = sqliteMeasures(context.statement)
    const most = sqliteNames(context.statement).functions.toSorted((a, b) => b.args - a.args)[0]
    const exceeded: readonly (readonly [boolean, string])[] = [
      [
        compounds > COMPOUNDS,
        `joins ${compounds} SELECTs with UNION or a similar operator, and D1 allows ${COMPOUNDS}. Use VALUES, or several statements`,
      ],
      [depth > DEPTH, `has an expression of ${depth} levels, and D1 allows ${DEPTH}`],
      [
        pattern > PATTERN_BYTES,
        `has a LIKE or GLOB pattern of ${pattern} bytes, and D1 allows ${PATTERN_BYTES}`,
      ],
      [
        (most?.args ?? 0) > ARGUMENTS,
        `calls ${most?.name} with ${most?.args} arguments, and D1 allows ${ARGUMENTS} on Cloudflare; wrangler's local D1 allows more`,
      ],
    ]
    return exceeded
      .filter(([isExceeded]) => isExceeded)
      .map(([, what]) => ({ severity: 'error' as const, message: `The statement ${what}.` }))
  },
}
