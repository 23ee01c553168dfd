import { IMPORT_BYTES, STATEMENT_BYTES } from '../d1-limits.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** A D1 import blocks all queries until it ends. */
export const d1LargeFile: SqliteRule = {
  id: 'd1-large-file',
  title: 'A migration is large for Cloudflare D1',
  judge(_detail, context) {
    const { migration, statement, facts } = context
    if (!isD1(context) || statement.number !== 1) return undefined
    const bytes = Buffer.byteLength(migration.sql)
    if (bytes > IMPORT_BYTES) {
      return {
        severity: 'error',
        message: `The file is ${bytes} bytes long, and a D1 import allows at most ${IMPORT_BYTES}. Split it into several migrations.`,
      }
    }
    if (bytes <= STATEMENT_BYTES) return undefined
    return {
      severity: facts.appliedBy === 'wrangler' ? 'error' : 'warning',
      message: `The file is ${bytes} bytes long. wrangler d1 migrations apply --remote sends it as one string, which D1 limits to ${STATEMENT_BYTES} bytes; a deploy imports it, and D1 answers no query until the import ends. Load rows with seed sets, or in several migrations.`,
    }
  },
}
