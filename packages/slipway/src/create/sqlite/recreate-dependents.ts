import { quoteIdentifier, type Session } from '../../database/index.ts'
import { refusalOf, runIfAccepted } from '../../down/index.ts'
import { assertNever } from '../../kernel/index.ts'
import { isSameName, readSqliteState, type SqliteState } from '../../schema/index.ts'
import {
  type ObjectRef,
  rebuildOfTextIndex,
  sqliteDetail,
  type Statement,
  withPlainNames,
} from '../../statements/index.ts'
import type { KeptObject, LostObject } from '../keep-inexpressible.ts'
import { isInexpressibleIndex } from './keep-indexes.ts'
import { type StaleIndex, staleIndexes } from './text-indexes.ts'

/** What can be created or built again after statements, what cannot, and the resulting state. */
export interface RecreatedObjects {
  readonly created: readonly (KeptObject & { readonly title: string; readonly sql: string })[]
  readonly notKept: readonly LostObject[]
  /** The final state of the database. */
  readonly after: SqliteState
}

type DroppedObject = SqliteState['objects'][number] & {
  readonly kind: 'index' | 'view' | 'trigger'
}

const TITLES = { index: 'CreateIndex', view: 'CreateView', trigger: 'CreateTrigger' }

/**
 * Runs statements, and creates again the indexes, triggers and views that were dropped with tables. Full-text
 * indexes of rebuilt tables are built again. Everything is rolled back.
 */
export async function recreateDependents(
  session: Session,
  statements: readonly Statement[],
  before: SqliteState,
): Promise<RecreatedObjects> {
  const created: RecreatedObjects['created'][number][] = []
  const notKept: LostObject[] = []
  await session.execute('BEGIN')
  try {
    for (const { text, role } of statements)
      if (role.kind !== 'begin' && role.kind !== 'commit') await runIfAccepted(session, text)
    let after = await readSqliteState(session)
    for (const gone of droppedObjects(before, after, statements)) {
      if (!hasOwner(gone, after)) continue
      const { kind, sql, name } = gone
      const rest = `\n;\n${CHECK_ALL}\n${compileTriggerSql(gone, after)}`
      const plain = withPlainNames(sql, isDroppedColumn(before, after))
      const dropPlain = `\n;\nDROP ${kind} ${quoteIdentifier(name)}`
      const reason =
        (await refusalOf(session, `${plain}${rest}${dropPlain}`)) ??
        (await refusalOf(session, `${sql}${rest}`))
      const object = refOf(gone)
      if (reason === undefined) {
        const text = sql.trimEnd()
        const again = 'created again after its table'
        created.push({ object, reason: again, title: TITLES[kind], sql: text })
        after = await readSqliteState(session)
      } else if (kind !== 'index' || isInexpressibleIndex(sql)) notKept.push({ object, reason })
    }
    const built = await buildIndexes(session, staleIndexes(statements, before))
    return {
      created: [...created, ...built.created],
      notKept: [...notKept, ...built.notKept],
      after,
    }
  } finally {
    await session.execute('ROLLBACK')
  }
}

/** Builds full-text indexes again, if the tables that they read still have the columns. */
async function buildIndexes(
  session: Session,
  stale: readonly StaleIndex[],
): Promise<Pick<RecreatedObjects, 'created' | 'notKept'>> {
  const created: RecreatedObjects['created'][number][] = []
  const notKept: LostObject[] = []
  for (const { name, table, by, gone } of stale) {
    const sql = rebuildOfTextIndex(name)
    const refusal = await refusalOf(session, sql)
    const object = { kind: 'table', schema: null, name } as const
    if (refusal === undefined) {
      const reason = `its index is built again: the rebuild of ${table} changes ${by === 'texts' ? 'text' : by}`
      created.push({ object, reason, title: 'RebuildFullText', sql })
    } else {
      const [column] = gone
      const reason = column ? `it names the column ${column}, which is dropped` : refusal
      notKept.push({ object, part: 'index', reason })
    }
  }
  return { created, notKept }
}

/** Whether a name is that of a column that some table no longer has. */
function isDroppedColumn(before: SqliteState, after: SqliteState): (name: string) => boolean {
  const left = before.tables.flatMap(({ name: table, columns }) => {
    const next = after.tables.find((one) => isSameName(one.name, table))?.columns ?? []
    return columns.filter(({ name }) => !next.some((one) => isSameName(one.name, name)))
  })
  return (name) => left.some((one) => isSameName(one.name, name))
}

/** A rename makes SQLite read all views and triggers, and fail if one names something that does not exist. */
const CHECK_ALL = `CREATE TABLE slipway_check (a);
ALTER TABLE slipway_check RENAME TO slipway_checked;
DROP TABLE slipway_checked;`

/** SQL that makes SQLite compile a trigger without changing a row; empty for any other object. */
function compileTriggerSql({ table, sql }: DroppedObject, { tables }: SqliteState): string {
  const detail = sqliteDetail({ text: sql })
  if (detail.kind !== 'create-trigger') return ''
  const { event, of } = detail.trigger
  const name = quoteIdentifier(table)
  switch (event) {
    case 'insert':
      return `EXPLAIN INSERT INTO ${name} DEFAULT VALUES`
    case 'delete':
      return `EXPLAIN DELETE FROM ${name}`
    case 'update': {
      const owner = tables.find((one) => one.name === table)?.columns ?? []
      const isComputed = (column: string) =>
        owner.some((one) => one.generated && isSameName(one.name, column))
      const columns = (of.length > 0 ? of : owner.map((one) => one.name)).filter(
        (one) => !isComputed(one),
      )
      const values = columns.map((one) => `${quoteIdentifier(one)} = NULL`)
      return values.length === 0 ? '' : `EXPLAIN UPDATE ${name} SET ${values.join(', ')}`
    }
    default:
      return assertNever(event)
  }
}

/** The objects that statements drop with tables, in the order in which they were created. */
function droppedObjects(
  before: SqliteState,
  after: SqliteState,
  statements: readonly Statement[],
): DroppedObject[] {
  const indexes = new Set(
    statements.flatMap(({ actions }) =>
      actions.flatMap((action) => {
        if (action.kind === 'create-index') return action.name ?? []
        return action.kind === 'drop-index' ? action.index.name : []
      }),
    ),
  )
  return before.objects.flatMap(({ kind, ...rest }): DroppedObject[] => {
    if (kind === 'table' || (kind === 'index' && indexes.has(rest.name))) return []
    const isThere = after.objects.some((one) => one.kind === kind && one.name === rest.name)
    return isThere ? [] : [{ kind, ...rest }]
  })
}

/** Whether the table of an index or trigger still exists. If not, the object is dropped with it. */
function hasOwner({ kind, table }: DroppedObject, { objects }: SqliteState): boolean {
  if (kind === 'view') return true
  return objects.some((one) => (one.kind === 'table' || one.kind === 'view') && one.name === table)
}

function refOf({ kind, name, table }: DroppedObject): ObjectRef {
  return kind === 'trigger' ? { kind, schema: null, table, name } : { kind, schema: null, name }
}
