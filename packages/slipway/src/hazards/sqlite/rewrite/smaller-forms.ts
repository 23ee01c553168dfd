import { sqliteDetail, sqliteDividedInsert, type Statement } from '../../../statements/index.ts'
import { STATEMENT_BYTES } from '../d1-limits.ts'
import { quoted } from '../names-and-sizes.ts'
import { usesOf } from '../uses.ts'
import { hazardsAt, markRemaining, markResolved, type RewriteContext } from './rewrite-context.ts'

/** Drops the indexes of a column before the column. */
export function dropIndexesFirst(site: RewriteContext): void {
  for (const statement of site.migration.statements) {
    const detail = sqliteDetail(statement)
    const hazards = hazardsAt(site, [statement], ['drop-used-column'])
    if (detail.kind !== 'drop-column' || hazards.length === 0) continue
    const definitions = site.run.before.get(statement.number) ?? site.run.after
    const { refusing, broken, indexes } = usesOf(definitions, detail)
    if (refusing.length > indexes.length || broken.length > 0) {
      markRemaining(
        site,
        hazards,
        'The objects that use the column must be changed or dropped first, which only you can decide.',
      )
      continue
    }
    site.changes.before(
      statement,
      indexes.map(({ name }) => `DROP INDEX ${quoted(name)}`),
    )
    markResolved(site, hazards, 'Its indexes are dropped first.')
  }
}

/** Splits INSERT … VALUES into statements short enough for D1. */
export function splitInserts(site: RewriteContext): void {
  for (const statement of site.migration.statements) {
    const hazards = hazardsAt(site, [statement], ['d1-statement-size'])
    if (hazards.length === 0 || site.changes.isReplaced(statement)) continue
    const parts = sqliteDividedInsert(statement, STATEMENT_BYTES)
    if (parts === undefined) {
      markRemaining(site, hazards, 'Only the rows of INSERT … VALUES can be split.')
      continue
    }
    site.changes.instead(statement, parts)
    markResolved(site, hazards, `It is split into ${parts.length} statements.`)
  }
}

/** The hazards of statements that a deploy skips anyway. */
const SKIPPED_BY_DEPLOY = ['pragma-without-effect', 'd1-pragma', 'sqlite-vacuum']

/** Removes statements that a deploy skips and other tools refuse. */
export function removeSkippedStatements(site: RewriteContext): void {
  const { migration, changes } = site
  for (const statement of migration.statements) {
    const hazards = hazardsAt(site, [statement], SKIPPED_BY_DEPLOY)
    if (hazards.length === 0) continue
    if (hazards.some(({ severity }) => severity === 'error')) {
      markRemaining(
        site,
        hazards,
        'It changes the database. Remove it if the application does not need it.',
      )
      continue
    }
    changes.instead(statement, [])
    markResolved(site, hazards, 'It is removed: a deploy skips it.')
  }
  removeTransaction(site)
}

/** Removes BEGIN and COMMIT around the file, because a deploy runs it in a transaction anyway. */
function removeTransaction(site: RewriteContext): void {
  const { statements } = site.migration
  const own = statements.filter((statement) => sqliteDetail(statement).kind === 'transaction')
  const hazards = hazardsAt(site, own, ['sqlite-transaction'])
  if (hazards.length === 0) return
  const verbs = own.map(verbOf)
  if (verbs.join(' ') !== 'BEGIN COMMIT') {
    markRemaining(
      site,
      hazards,
      'The file begins and ends more than one transaction. Put its parts into separate migrations.',
    )
    return
  }
  for (const statement of own) site.changes.instead(statement, [])
  markResolved(
    site,
    hazards,
    'BEGIN and COMMIT are removed: a deploy runs the file in one transaction anyway.',
  )
}

function verbOf(statement: Statement): string {
  const detail = sqliteDetail(statement)
  return detail.kind === 'transaction' ? detail.verb : ''
}
