import { dependentsOf, type SqliteDefinitions } from '../../../schema/index.ts'
import { sqliteDetail, type Statement } from '../../../statements/index.ts'
import { lastOf } from './rebuild-repair.ts'
import { hazardsAt, markRemaining, markResolved, type RewriteContext } from './rewrite-context.ts'

const IDS = ['rebuild-cascades', 'rebuild-keys-enforced']
const WRANGLER =
  'The file switches foreign keys off, which Slipway does and wrangler d1 migrations apply does not. Apply it with Slipway.'
/** The reason why foreign keys cannot be switched off. */
export const OTHERS =
  'Another statement of the file needs foreign keys to be enforced. Move the rebuild to a separate migration.'

/** Switches foreign keys off around the rebuilds of the new text. */
export function switchKeysOff(site: RewriteContext): void {
  const { run, migration, changes } = site
  const rebuilds = run.rebuilds.filter((rebuild) => !site.altered.has(rebuild))
  const hazards = hazardsAt(site, migration.statements, IDS)
  if (!run.enforcesKeys) {
    markRemaining(site, hazards, WRANGLER)
    return
  }
  if (hazards.length === 0 && site.rebuilt.length === 0) return
  if (needsKeysElsewhere(site)) {
    markRemaining(site, hazards, OTHERS)
    return
  }
  const starts = [...rebuilds.map(({ create }) => create), ...site.rebuilt]
  const ends = [...rebuilds.map((one) => lastOf(site, one)), ...site.rebuilt]
  const [first, last] = [byNumber(starts)[0], byNumber(ends).at(-1)]
  if (first === undefined || last === undefined) return
  changes.before(first, ['PRAGMA foreign_keys = OFF'])
  changes.after(last, ['PRAGMA foreign_keys = ON'])
  markResolved(site, hazards, 'Foreign keys are switched off for the rebuild.')
}

function byNumber(statements: readonly Statement[]): Statement[] {
  return statements.toSorted((one, other) => one.number - other.number)
}

/** Whether a statement outside the rebuilds would behave differently with foreign keys switched off. */
export function needsKeysElsewhere({ run, migration }: RewriteContext): boolean {
  const drops = run.rebuilds.map(({ drop }) => drop)
  return migration.statements.some(
    (one) => !drops.includes(one) && needsKeys(one, run.before.get(one.number)),
  )
}

/** Whether foreign keys can pass the effect of a statement on to other tables. */
function needsKeys(statement: Statement, definitions: SqliteDefinitions | undefined): boolean {
  const detail = sqliteDetail(statement)
  const table = tableChangedBy(detail)
  return (
    table !== undefined && definitions !== undefined && dependentsOf(definitions, table).length > 0
  )
}

function tableChangedBy(detail: ReturnType<typeof sqliteDetail>): string | undefined {
  switch (detail.kind) {
    case 'delete':
      return detail.table
    case 'update':
    case 'insert':
      return detail.conflict === 'replace' ? detail.table : undefined
    case 'drop':
      return detail.of === 'table' ? detail.name : undefined
    default:
      return undefined
  }
}
