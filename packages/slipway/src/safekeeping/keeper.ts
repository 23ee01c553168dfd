import { inLedger, quoteLiteral, type Session } from '../database/index.ts'
import type {
  DataObject,
  DataObjects,
  KeeperFindings,
  Keeper,
  UnkeptData,
  TableNames,
} from '../execution/index.ts'
import {
  type Action,
  type Destruction,
  objectKey,
  type ObjectRef,
  partRef,
  type Statement,
  tableRef,
  type TransactionGroup,
} from '../statements/index.ts'
import { setsPositions } from './attribute-hooks.ts'
import type { KeepOptions } from './keep-hooks.ts'
import { mayDestroy } from './may-destroy.ts'
import { call, literals } from './postgres/sql-text.ts'

/** SQL that names the statement that destroys data: the first argument of all functions that keep data. */
export function originOf(
  { history, migration, rollsBack }: KeepOptions,
  statement: number,
): string {
  const fields = { history_schema: history, migration, statement }
  const json = JSON.stringify(rollsBack ? { ...fields, inserts: false } : fields)
  return `${quoteLiteral(json)}::jsonb`
}

// A type alias: a row of a query has an index signature, which an interface lacks.
type UnkeptRow = {
  readonly what:
    | 'changed'
    | 'inserted'
    | 'emptied'
    | 'rewritten'
    | 'gone'
    | 'column'
    | 'typed'
    | 'large'
    | 'kept'
  readonly relation: string
  readonly number: string
}

/**
 * Compares what the server did with what was kept. The hooks of a statement keep the tables, columns and
 * rows that the statement names. Data that code, a trigger or a CASCADE destroyed beyond that is kept
 * when the group runs again.
 */
export function keeperOf(options: KeepOptions): Keeper {
  return {
    watches: ({ statements }) => statements.some(({ actions }) => actions.some(mayDestroy)),
    findUnkept: async (session, group, before) => {
      const rows = await readUnkept(session, before)
      const named = objectsNamedIn(group.statements, options)
      const look = { before, named, origin: originOf(options, firstNumber(group)), options }
      return {
        missed: rows.flatMap((row) => unkeptDataOf(row, look)),
        overwritten: await readOverwritten(session),
        names: namesOf(rows, before, options),
        again: rows.length > 0 ? await rememberPositions(session, options) : '',
      }
    },
    remember: async (session, { statements }) => {
      const mayMove = statements.some(
        (one) => setsPositions(one) || one.actions.some(mayRunFunctions),
      )
      if (!mayMove && !statements.some(({ actions }) => actions.some(mayDestroy)))
        return async () => []
      // A group that only drops objects calls only event triggers. Reading the positions of thousands of
      // sequences takes seconds.
      const condition = mayMove
        ? ''
        : ` WHERE EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D')`
      const [found] = await session.query<{ readonly positions: string }>(
        `${call(options, 'positions')}::text AS positions${condition}`,
      )
      if (found === undefined) return async () => []
      const undo = call(options, 'undo_positions', `${quoteLiteral(found.positions)}::jsonb`)
      return async () => {
        const [left] = await session.query<{ readonly stay: readonly string[] }>(`${undo} AS stay`)
        return (left?.stay ?? []).map(
          (one) =>
            `The sequence ${one} and was not set back, because another session may have used the numbers in between.`,
        )
      }
    },
    endSql: (group, { names }, missed) => {
      const origin = originOf(options, firstNumber(group))
      const known = Object.keys(names).length > 0
      const renamed = `${quoteLiteral(JSON.stringify(names))}::jsonb`
      return [
        call(options, 'end_capture'),
        ...(known ? [call(options, 'name_as_before', renamed)] : []),
        ...missed.map((one) => recordSql(one, origin, options)),
      ]
        .map((command) => `${command};\n`)
        .join('')
    },
  }
}

/** Whether an action may destroy rows or values, and run functions that take numbers from sequences. */
function mayRunFunctions(action: Action): boolean {
  return mayDestroy(action) && action.kind !== 'drop' && action.kind !== 'drop-column'
}

function firstNumber({ statements }: TransactionGroup): number {
  return statements[0]?.number ?? 1
}

/**
 * A transaction rollback does not reset sequences, so the next run receives the positions from before
 * this run.
 */
async function rememberPositions(
  session: Session,
  { history, migration }: KeepOptions,
): Promise<string> {
  const [found] = await session.query<{ readonly positions: string }>(
    `SELECT coalesce(pg_catalog.jsonb_object_agg(objid, value), '{}')::text AS positions FROM ${session.ledger}.attribute
      WHERE history_schema = $1 AND migration = $2 AND name = 'position'`,
    [history, migration],
  )
  const setting = inLedger(session, 'slipway.positions')
  return `SELECT pg_catalog.set_config('${setting}', ${quoteLiteral(found?.positions ?? '{}')}, true)`
}

async function readUnkept(session: Session, before: DataObjects): Promise<UnkeptRow[]> {
  const objects = [...before.values()].filter(({ ref }) => ref.kind !== 'sequence')
  const listed = (values: readonly string[]) => `{${values.join(',')}}`
  return await session.query<UnkeptRow>(
    `SELECT what, relation::text, number::text FROM ${session.ledger}.missed($1::pg_catalog.oid[], $2::pg_catalog.oid[])`,
    [listed(objects.map(({ oid }) => oid)), listed(objects.map(({ file }) => file))],
  )
}

async function readOverwritten(session: Session): Promise<KeeperFindings['overwritten']> {
  return await session.query<{ oid: string; number: string; names: readonly string[] }>(
    `SELECT relation::text AS oid, number::text, names FROM ${session.ledger}.overwritten()`,
  )
}

/** The objects that the statements of a group name, whose data the hooks keep unless the migration created them. */
interface NamedObjects {
  /** Tables and schemas that are dropped. */
  readonly dropped: ReadonlySet<string>
  readonly columns: ReadonlySet<string>
  /** Tables that statements change in other ways: a rewrite of such a table is intended. */
  readonly altered: ReadonlySet<string>
}

function objectsNamedIn(statements: readonly Statement[], { history }: KeepOptions): NamedObjects {
  const actions = statements.flatMap((statement) => statement.actions)
  const keys = (find: (action: Action) => ObjectRef[]) =>
    new Set(actions.flatMap(find).map(objectKey))
  const table = (name: Parameters<typeof tableRef>[1]) => tableRef({ defaultSchema: history }, name)
  return {
    dropped: keys((action) => {
      if (action.kind !== 'drop') return []
      if (action.of === 'schema') return [{ kind: 'schema', name: action.object.name }]
      return action.of === 'table' ? [table(action.object)] : []
    }),
    columns: keys((action) =>
      action.kind === 'drop-column' ? [partRef('column', table(action.table), action.column)] : [],
    ),
    altered: keys((action) => ('table' in action && action.table ? [table(action.table)] : [])),
  }
}

interface MissedContext {
  readonly before: DataObjects
  readonly named: NamedObjects
  readonly origin: string
  readonly options: KeepOptions
}

function unkeptDataOf({ what, relation, number }: UnkeptRow, context: MissedContext): UnkeptData[] {
  const { before, named, origin, options } = context
  if (what === 'large') {
    const object = { kind: 'table' as const, schema: 'pg_catalog', name: 'pg_largeobject' }
    return [{ key: what, destruction: { what: 'rows', object }, isSure: true, commands: [] }]
  }
  const object = before.get(relation)
  if (object === undefined) return []
  const { ref, columns } = object
  const key = `${what} ${relation} ${number}`
  const isSure = what === 'changed' || what === 'emptied'
  const found = (
    destruction: Destruction,
    name: string,
    ...args: readonly string[]
  ): UnkeptData[] => [
    { key, destruction, isSure, commands: [call(options, name, origin, relation, ...args)] },
  ]
  switch (what) {
    case 'kept':
      return []
    case 'changed':
    case 'inserted':
    case 'emptied':
      if (isRestored(object, context)) return []
      return found({ what: 'rows', object: ref }, 'capture_all')
    case 'rewritten':
      if (allAbove(object, before).some((one) => named.altered.has(objectKey(one)))) return []
      return found({ what: 'values', object: ref }, 'copy_values', 'NULL')
    case 'gone':
      if (ref.kind !== 'table') return []
      if (containersOf(object, before).some((one) => named.dropped.has(objectKey(one)))) return []
      return found({ what: 'object', object: ref }, 'copy_table')
    case 'typed': {
      const name = columns[number]
      if (name === undefined) return []
      const column = { what: 'object' as const, object: partRef('column', ref, name) }
      return found(column, 'copy_values_of_type', number)
    }
    case 'column': {
      const name = columns[number]
      if (name === undefined) return []
      if (ref.kind === 'type') {
        const attribute = { what: 'object' as const, object: partRef('attribute', ref, name) }
        return object.held ? found(attribute, 'copy_values_of_type', number) : []
      }
      const own = allAbove(object, before).flatMap((one) => (one.kind === 'table' ? [one] : []))
      const isNamed = own.some((one) => named.columns.has(objectKey(partRef('column', one, name))))
      return isNamed
        ? []
        : found(
            { what: 'object', object: partRef('column', ref, name) },
            'copy_columns',
            literals([name]),
          )
    }
  }
}

/** Whether a rollback restores rows or values of a table, or of an object that contains it. */
function isRestored(object: DataObject, { before, options }: MissedContext): boolean {
  const restored = new Set(options.rollsBack?.restores.map(objectKey))
  return containersOf(object, before).some((one) => restored.has(objectKey(one)))
}

/** `containersOf`, and the tables from which an object inherits: ALTER TABLE of these also changes it. */
function allAbove(object: DataObject, before: DataObjects): ObjectRef[] {
  const parents = object.parents.flatMap((oid) => before.get(oid) ?? [])
  return [...containersOf(object, before), ...parents.flatMap((one) => allAbove(one, before))]
}

/**
 * An object, the partitioned tables above it, and its schema: data kept for these includes the object's.
 */
function containersOf(object: DataObject, before: DataObjects): ObjectRef[] {
  const { ref, parents } = object
  const above = parents
    .flatMap((oid) => before.get(oid) ?? [])
    .filter(({ partitioned }) => partitioned)
  const schema = ref.schema === null ? [] : [{ kind: 'schema' as const, name: ref.schema }]
  return [ref, ...schema, ...above.flatMap((one) => containersOf(one, before))]
}

/** The names that tables with kept data had before the group. */
function namesOf(
  rows: readonly UnkeptRow[],
  before: DataObjects,
  { history }: KeepOptions,
): Record<string, TableNames> {
  const kept = rows.filter(({ what }) => what === 'kept').map(({ relation }) => relation)
  return Object.fromEntries(
    kept.flatMap((oid) => {
      const object = before.get(oid)
      if (object === undefined) return []
      const { ref, columns } = object
      return [[oid, { schema: ref.schema ?? history, name: ref.name, columns }]]
    }),
  )
}

function recordSql({ destruction, key }: UnkeptData, origin: string, options: KeepOptions): string {
  const { object, what } = destruction
  const place =
    object.kind === 'column' || object.kind === 'attribute'
      ? object.table
      : 'name' in object
        ? object.name
        : ''
  const schema = 'schema' in object ? (object.schema ?? options.history) : options.history
  const entry = {
    kind:
      what === 'object' && object.kind === 'table'
        ? 'table'
        : object.kind === 'column'
          ? 'columns'
          : 'rows',
    columns: object.kind === 'column' ? [object.name] : [],
    not_kept: 'code, a trigger or a rule destroyed it in a way that could not be captured',
  }
  const oid = key.split(' ')[1] ?? '0'
  const json = `${quoteLiteral(JSON.stringify(entry))}::jsonb`
  return call(
    options,
    'record_missed',
    origin,
    quoteLiteral(schema),
    quoteLiteral(place),
    oid,
    json,
  )
}
