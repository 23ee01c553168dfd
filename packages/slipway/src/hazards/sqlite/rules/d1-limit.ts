import { sqliteMeasures, sqliteNames } from '../../../statements/index.ts'
import { ARGUMENTS, COMPOUNDS, DEPTH, PATTERN_BYTES } from '../d1-limits.ts'
import type { SqliteRule } from '../rule.ts'
import { isD1 } from '../words.ts'

/** What plain SQLite takes can be too much for D1. */
export const d1Limit: SqliteRule = {
  id: 'd1-limit',
  title: 'A statement exceeds a limit of Cloudflare D1',
  judge(_detail, context) {
    if (!isD1(context)) return undefined
    const { compounds, depth, pattern } = sqliteMeasures(context.statement)
    const most = sqliteNames(context.statement).functions.toSorted((a, b) => b.args - a.args)[0]
    const exceeded: readonly (readonly [boolean, string])[] = [
      [
        compounds > COMPOUNDS,
        `joins ${compounds} SELECTs by UNION or the like, and D1 takes ${COMPOUNDS}. Use VALUES, or several statements`,
      ],
      [depth > DEPTH, `has an expression of ${depth} levels, and D1 takes ${DEPTH}`],
      [
        pattern > PATTERN_BYTES,
        `has a pattern of ${pattern} bytes behind LIKE or GLOB, and D1 takes ${PATTERN_BYTES}`,
      ],
      [
        (most?.args ?? 0) > ARGUMENTS,
        `calls ${most?.name} with ${most?.args} arguments, and D1 takes ${ARGUMENTS} on Cloudflare; wrangler's local D1 takes more`,
      ],
    ]
    return exceeded
      .filter(([isExceeded]) => isExceeded)
      .map(([, what]) => ({ severity: 'error' as const, message: `The statement ${what}.` }))
  },
}
