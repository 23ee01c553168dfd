import { autoincrementCounterSql, isSameName } from '../../../schema/index.ts'
import { rebuildOfTextIndex, sqliteDetail, type Statement } from '../../../statements/index.ts'
import { quoted, quotedList } from '../names-and-sizes.ts'
import { isExpressible, type Rebuild } from '../rebuild.ts'
import { staleIndexes } from '../text-indexes.ts'
import { dependentViewsAndTriggers } from './dependent-views.ts'
import { hazardsAt, markRemaining, markResolved, type RewriteContext } from './rewrite-context.ts'

/**
 * Repairs the remaining rebuilds: their order, the objects that they lose, and
 * the objects that obstruct them.
 */
export function repairRebuilds(site: RewriteContext): void {
  for (const rebuild of site.run.rebuilds) {
    if (site.altered.has(rebuild)) continue
    const isTurned = renameLast(site, rebuild)
    copyByName(site, rebuild)
    keepCounter(site, rebuild, isTurned)
    dropViews(site, rebuild)
    createLost(site, rebuild)
    rebuildIndexes(site, rebuild)
  }
}

/**
 * Reorders a rebuild to fill the new table first and rename it last, so that references to the table do not
 * change. Returns whether it did.
 */
function renameLast(site: RewriteContext, rebuild: Rebuild): boolean {
  const hazards = hazardsAt(site, [rebuild.rename], ['rebuild-renames-first'])
  if (hazards.length === 0) return false
  const { create, rename, drop, name, copies } = rebuild
  const [copy] = copies
  const detail = sqliteDetail(create)
  const isSimple =
    copies.length === 1 && copy?.values && copy.select.limits.length === 0 && !copy.conflict
  const isBetween = site.migration.statements
    .slice(rename.number, drop.number - 1)
    .some((one) => one !== create && one !== copy?.statement && isPartOf(one, name))
  if (!isSimple || isBetween || detail.kind !== 'create-table' || !copy) return false
  const [old, next] = [quoted(name), quoted(newName(name))]
  const targets = quotedList((copy.values ?? []).map(({ target }) => target))
  const sources = (copy.values ?? []).map(({ source }) => source.text)
  const { start, end } = detail.nameAt
  const { changes } = site
  changes.instead(rename, [])
  changes.instead(create, [create.text.slice(0, start) + next + create.text.slice(end)])
  changes.instead(copy.statement, [
    `INSERT INTO ${next} (${targets}) SELECT ${sources.join(', ')} FROM ${old}`,
  ])
  changes.instead(drop, [`DROP TABLE ${old}`, `ALTER TABLE ${next} RENAME TO ${old}`])
  const done = 'A new table is filled first, and takes the name of the old one last.'
  markResolved(
    site,
    [...hazards, ...hazardsAt(site, [copy.statement], ['rebuild-by-position'])],
    done,
  )
  return true
}

function newName(name: string): string {
  return `new_${name}`
}

/** Writes the copied columns explicitly on both sides of the INSERT … SELECT. */
function copyByName(site: RewriteContext, rebuild: Rebuild): void {
  for (const copy of rebuild.copies) {
    const hazards = hazardsAt(site, [copy.statement], ['rebuild-by-position'])
    if (hazards.length === 0 || site.changes.isReplaced(copy.statement)) continue
    const isSimple = copy.select.limits.length === 0 && copy.select.from !== undefined
    const isSame = copy.values?.every(({ target, source }) => source.column === target) === true
    if (!isSimple || !isSame || copy.conflict !== undefined) {
      markRemaining(site, hazards, 'The column mapping is ambiguous. Name the columns.')
      continue
    }
    const columns = quotedList((copy.values ?? []).map(({ target }) => target))
    const into = `INSERT INTO ${quoted(rebuild.newTable.name)} (${columns})`
    site.changes.instead(copy.statement, [
      `${into} SELECT ${columns} FROM ${quoted(copy.select.from ?? '')}`,
    ])
    markResolved(site, hazards, 'The copy names its columns on both sides.')
  }
}

/** Copies the AUTOINCREMENT counter to the new table. */
function keepCounter(site: RewriteContext, rebuild: Rebuild, isTurned: boolean): void {
  const hazards = hazardsAt(site, [rebuild.drop], ['rebuild-autoincrement'])
  if (hazards.length === 0) return
  if (!rebuild.newTable.autoincrement) {
    markRemaining(site, hazards, 'Only you know whether numbers may be reused.')
    return
  }
  site.changes.before(rebuild.drop, counterSteps(rebuild, isTurned))
  markResolved(site, hazards, 'The new table continues counting where the old one stopped.')
}

/** Copies the counter between the names that both tables have when the old one is dropped. */
function counterSteps(rebuild: Rebuild, isTurned: boolean): string[] {
  const { order, old, newTable, name } = rebuild
  if (order === 'copy') return autoincrementCounterSql(old.name, newTable.name)
  if (isTurned) return autoincrementCounterSql(name, newName(name))
  return autoincrementCounterSql(rebuild.oldName, name)
}

/** Drops views and triggers that use the table before the rebuild, and recreates them after it. */
function dropViews(site: RewriteContext, rebuild: Rebuild): void {
  const hazards = hazardsAt(site, [rebuild.rename], ['rebuild-under-view'])
  if (hazards.length === 0) return
  const definitions = site.run.before.get(rebuild.rename.number) ?? site.run.after
  const found = dependentViewsAndTriggers(definitions, rebuild.name)
  if (!found.allTextsKnown) {
    markRemaining(
      site,
      hazards,
      'The text of a view or trigger is not known after a rename. Drop and create it by hand.',
    )
    return
  }
  site.changes.before(rebuild.drop, found.drops)
  site.changes.after(lastOf(site, rebuild), found.creates)
  markResolved(
    site,
    hazards,
    'Views and triggers that use the table are dropped before the rebuild, and created again after it.',
  )
}

/** Recreates triggers, and indexes that schema.prisma cannot express. */
function createLost(site: RewriteContext, rebuild: Rebuild): void {
  const hazards = hazardsAt(site, [rebuild.drop], ['rebuild-loses-objects'])
  for (const hazard of hazards) {
    const name = hazard.object && 'name' in hazard.object ? hazard.object.name : undefined
    const trigger = rebuild.lost.triggers.find((one) => one.name === name)
    const index = rebuild.lost.indexes.find((one) => one.name === name)
    const create = hazard.safeSql?.replace(/;$/, '')
    if (index && hazard.object?.kind === 'index' && isExpressible(index)) {
      markRemaining(
        site,
        [hazard],
        'Keep the index only if schema.prisma still has it; if so, create it after the rebuild.',
      )
    } else if ((trigger ?? index) === undefined || create === undefined) {
      markRemaining(
        site,
        [hazard],
        'It uses a dropped column, or a renamed object. Create it by hand.',
      )
    } else {
      site.changes.after(lastOf(site, rebuild), [create])
      markResolved(site, [hazard], 'It is created again after the rebuild.')
    }
  }
}

/** Rebuilds full-text indexes of the table after everything else of the table exists. */
function rebuildIndexes(site: RewriteContext, rebuild: Rebuild): void {
  const hazards = hazardsAt(site, [rebuild.drop], ['rebuild-full-text'])
  if (hazards.length === 0) return
  const { run, migration } = site
  const stale = staleIndexes(rebuild, { run, statements: migration.statements })
  if (stale.some(({ gone }) => gone.length > 0)) {
    markRemaining(site, hazards, 'It reads a dropped column. Create it again without the column.')
    return
  }
  const end = lastOf(site, rebuild)
  for (const { name, content } of stale) {
    const isOfTable = isSameName(content, rebuild.name)
    // A view may be recreated anywhere after the rebuild.
    const last = isOfTable ? end : (migration.statements.at(-1) ?? end)
    site.changes.after(last, [rebuildOfTextIndex(name)])
  }
  markResolved(site, hazards, 'The full-text index is built again after the rebuild.')
}

/** The last statement of a rebuild, including its indexes and triggers. */
export function lastOf(
  { migration }: RewriteContext,
  { rename, drop, order, name }: Rebuild,
): Statement {
  const end = order === 'copy' ? rename : drop
  const rest = migration.statements.slice(end.number)
  const others = rest.findIndex((statement) => !isPartOf(statement, name))
  return (others === -1 ? rest.at(-1) : rest[others - 1]) ?? end
}

function isPartOf(statement: Statement, name: string): boolean {
  const detail = sqliteDetail(statement)
  if (detail.kind === 'create-index') return isSameName(detail.index.table, name)
  return detail.kind === 'create-trigger' && isSameName(detail.trigger.table, name)
}
