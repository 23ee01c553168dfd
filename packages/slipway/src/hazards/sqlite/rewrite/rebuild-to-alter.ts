import { sqliteDetail, type Statement } from '../../../statements/index.ts'
import { alterFormOf } from '../alter-form.ts'
import { isQuiet } from '../migration-run.ts'
import { hazardsAt, markResolved, type RewriteContext } from './rewrite-context.ts'

/** The hazards that disappear with a rebuild. */
const GONE = [
  'rebuild-avoidable',
  'rebuild-cascades',
  'rebuild-keys-enforced',
  'rebuild-under-view',
  'rebuild-by-position',
  'rebuild-autoincrement',
  'rebuild-loses-objects',
  'rebuild-full-text',
]

/** Rewrites rebuilds to ALTER TABLE if SQLite can reach the same result with it. */
export function rebuildsToAlter(site: RewriteContext): void {
  const { migration, run, changes } = site
  for (const rebuild of run.rebuilds) {
    const avoidable = hazardsAt(site, [rebuild.create], ['rebuild-avoidable'])
    const form = avoidable.length > 0 ? alterFormOf(rebuild, migration) : undefined
    if (form === undefined) continue
    site.altered.add(rebuild)
    const [first, ...others] = form.replaced
    if (first) changes.instead(first, form.steps)
    for (const statement of others) changes.instead(statement, [])
    const done =
      form.steps.length === 0
        ? `The rebuild of ${rebuild.name} is removed: it changes only the order of columns.`
        : `ALTER TABLE changes ${rebuild.name} in place: no rows are copied, and no table is dropped.`
    markResolved(site, hazardsAt(site, form.replaced, GONE), done)
  }
  if (run.rebuilds.every((rebuild) => site.altered.has(rebuild))) removeKeyPragmas(site)
}

/**
 * Removes the foreign key PRAGMAs if no rebuild is left and no statement changes rows, because they then
 * have no effect.
 */
function removeKeyPragmas({ migration, run, changes }: RewriteContext): void {
  if (run.rebuilds.length === 0) return
  const others = migration.statements.filter((statement) => !changes.isReplaced(statement))
  if (!others.every(leavesRowsAlone)) return
  for (const statement of others) {
    const detail = sqliteDetail(statement)
    if (detail.kind === 'pragma' && KEYS.has(detail.name)) changes.instead(statement, [])
  }
}

const KEYS: ReadonlySet<string> = new Set(['foreign_keys', 'defer_foreign_keys'])

function leavesRowsAlone(statement: Statement): boolean {
  const detail = sqliteDetail(statement)
  switch (detail.kind) {
    case 'insert':
    case 'update':
    case 'delete':
      return false
    case 'drop':
      return detail.of !== 'table'
    default:
      return isQuiet(detail) || DEFINES.has(detail.kind)
  }
}

const DEFINES: ReadonlySet<string> = new Set([
  'create-table',
  'create-index',
  'create-trigger',
  'create-view',
  'add-column',
])
