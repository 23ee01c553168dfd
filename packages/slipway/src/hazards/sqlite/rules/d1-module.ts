import { isD1, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** D1 supports only a few virtual table modules. */
export const d1Module: SqliteRule = {
  id: 'd1-module',
  title: 'A virtual table that Cloudflare D1 refuses',
  judge(detail, context) {
    if (detail.kind !== 'create-table' || !isD1(context)) return undefined
    const { name, module } = detail.table
    if (module === undefined || MODULES.has(module)) return undefined
    return {
      severity: 'error',
      object: tableObject(name),
      anySize: true,
      message: `D1 refuses virtual tables of ${module}; it has FTS5.`,
    }
  },
}

/** Observed on wrangler's local D1. */
const MODULES: ReadonlySet<string> = new Set(['fts5', 'fts5vocab', 'rtree', 'rtree_i32'])
