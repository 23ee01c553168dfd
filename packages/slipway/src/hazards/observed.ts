import type { Proof } from '../proof/index.ts'
import { type DatabaseSchema, keyOf, tableNamed } from '../schema/index.ts'
import {
  type Action,
  identifierOf,
  type ObjectName,
  tableRef,
  tokensOf,
} from '../statements/index.ts'
import type { Found } from './found.ts'
import type { Context, Finding } from './hazard.ts'
import { blockedBy, isLockMode, type LockMode, stronger } from './lock-mode.ts'
import { locksOf } from './locks.ts'
import { full } from './names.ts'
import { workOf } from './work.ts'

/** What the statements of a migration did, in a test run, to relations that existed before it. */
export type Observed = Pick<Proof, 'locks' | 'rewrites' | 'scans' | 'effects'>

/** The hazards that only a test run finds, and no rule. */
export const observedHazards = [
  { id: 'observed-lock', title: 'The test run saw a lock that the statement does not show' },
  { id: 'observed-rewrite', title: 'The test run saw a rewrite that no other hazard reports' },
  {
    id: 'observed-scan',
    title: 'The test run saw a read of a locked table that no other hazard reports',
  },
  {
    id: 'observed-destruction',
    title: 'The test run saw data loss that the statement does not show',
  },
] as const

/** A finding of a test run. */
export interface ObservedFinding {
  readonly id: (typeof observedHazards)[number]['id']
  readonly finding: Finding
}

/** An action with the context that a rule gets. */
export interface ActionContext extends Context {
  readonly action: Action
}

/** What is known about a statement from its text. */
export interface KnownStatement {
  /** The schema before the migration. The test run uses its names. */
  readonly start: DatabaseSchema
  /** One for each action of the statement, in order. */
  readonly contexts: readonly ActionContext[]
  /** What the rules found. */
  readonly found: readonly Found[]
}

/**
 * The effects that the test run observed and neither the statement's text nor a hazard shows: a lock above
 * SHARE UPDATE EXCLUSIVE, a rewrite, a scan of a table whose lock blocks writes, or destroyed data.
 */
export function observedIn(observed: Observed, known: KnownStatement): ObservedFinding[] {
  const number = known.contexts[0]?.statement.number
  const isOwn = (one: { readonly statement: number }) => one.statement === number
  // A lock on a plain view does not block access to its tables.
  const isTable = ({ kind, relation }: { readonly kind: string; readonly relation: string }) =>
    kind === 'table' ||
    (kind === 'view' && known.start.tables.has(keyOf(known.start, nameOf(relation))))
  const isEmptied = ({ relation }: { readonly relation: string }) =>
    observed.effects.some(
      (one) => isOwn(one) && one.what === 'emptied' && one.relation === relation,
    )
  const locks = observed.locks.filter(isTable)
  return [
    ...strongest(locks.filter(isOwn))
      .filter(({ relation, lock, within }) => !isLockKnown(known, [relation, ...within], lock))
      .map(({ relation, lock }) => lockFinding(known, relation, lock)),
    ...observed.rewrites
      .filter((one) => isOwn(one) && isTable(one) && !isEmptied(one))
      .filter(({ relation, within = [] }) => !isRewriteKnown(known, [relation, ...within]))
      .map(({ relation }) => rewriteFinding(known, relation)),
    ...observed.scans.filter(isOwn).flatMap(({ relation, within = [], rows }) => {
      if (isWorkKnown(known, [relation, ...within])) return []
      const held = locks.filter(
        (one) =>
          one.relation === relation && one.statement <= (number ?? 0) && one.until >= (number ?? 0),
      )
      return strongest(held).map(({ lock }) => scanFinding(known, relation, { rows, lock }))
    }),
    ...observed.effects
      .filter((one) => isOwn(one) && !isDestructionKnown(known, one))
      .map((effect) => destructionFinding(known, effect)),
  ]
}

interface SeenLock {
  readonly relation: string
  readonly lock: LockMode
  readonly within: readonly string[]
}

/** The strongest lock on each table, among the locks that block writes. */
function strongest(locks: Observed['locks']): SeenLock[] {
  const all = new Map<string, SeenLock>()
  for (const { relation, mode, within = [] } of locks) {
    if (!isLockMode(mode) || blockedBy(mode) === 'nothing') continue
    const lock = stronger(mode, all.get(relation)?.lock ?? mode)
    all.set(relation, { relation, lock, within })
  }
  return [...all.values()]
}

function isLockKnown(known: KnownStatement, relations: readonly string[], lock: LockMode): boolean {
  const keys = keysOf(known, relations)
  const covers = (other: LockMode | undefined) =>
    other !== undefined && stronger(other, lock) === other
  return (
    known.contexts.some(({ schema, action }) =>
      locksOf(action, schema).some(
        (one) => covers(one.lock) && keys.has(keyBefore(known, schema, one.table)),
      ),
    ) || hazardsOn(known, keys).some(({ hazard }) => covers(hazard.lock))
  )
}

function isRewriteKnown(known: KnownStatement, relations: readonly string[]): boolean {
  const keys = keysOf(known, relations)
  const emptied = known.contexts.some(({ action }) => action.kind === 'truncate')
  return emptied || hazardsOn(known, keys).some(({ finding }) => finding.rewrites)
}

/** DML is left to its own rules: it reads what it must, and its locks block no other session. */
function isWorkKnown(known: KnownStatement, relations: readonly string[]): boolean {
  const keys = keysOf(known, relations)
  return (
    known.contexts.some(({ action, ...context }) => {
      if (READS.has(action.kind)) return true
      // A foreign key reads both of its tables.
      return (
        workOf(action, context) !== undefined &&
        locksOf(action, context.schema).some(({ table }) =>
          keys.has(keyBefore(known, context.schema, table)),
        )
      )
    }) || hazardsOn(known, keys).length > 0
  )
}

/** Whether the statement's text shows the destruction, or the effect destroys nothing. */
function isDestructionKnown(known: KnownStatement, effect: Observed['effects'][number]): boolean {
  const { relation, within = [], what, column } = effect
  if (what === 'inserted') return true
  const keys = keysOf(known, [relation, ...within])
  return known.contexts.some(({ schema, action }) => {
    const isNamed = (...tables: readonly ObjectName[]) =>
      tables.some((table) => keys.has(keyBefore(known, schema, table)))
    switch (action.kind) {
      case 'update':
        // A row that moves to another partition is deleted from the first one.
        return what !== 'emptied' && isNamed(action.table)
      case 'delete':
        return what === 'deleted' && isNamed(action.table)
      case 'insert':
        return what === 'updated' && action.updates === true && isNamed(action.table)
      case 'truncate':
        return what === 'emptied' && isNamed(...action.tables)
      case 'drop-column':
        return what === 'column-dropped' && action.column === column && isNamed(action.table)
      case 'drop':
        if (action.of === 'schema') return schemaOf(known, relation) === action.object.name
        if (action.of === 'type') return what === 'column-dropped' && action.cascade
        return action.of === 'table' && isNamed(action.object)
      case 'drop-owned':
        return true
      default:
        return false
    }
  })
}

function schemaOf({ start }: KnownStatement, relation: string): string {
  return nameOf(relation).schema ?? start.defaultSchema
}

const READS: ReadonlySet<string> = new Set(['insert', 'update', 'delete'])

/** The findings about one of these tables or about no particular table. */
function hazardsOn({ contexts, start, found }: KnownStatement, keys: ReadonlySet<string>): Found[] {
  return found.filter(({ finding: { table }, hazard }) => {
    if (hazard.lock === undefined) return false
    if (table === undefined) return true
    return contexts.some(({ schema }) => keys.has(keyBefore({ start }, schema, table)))
  })
}

function keysOf({ start }: KnownStatement, relations: readonly string[]): ReadonlySet<string> {
  return new Set(relations.map((relation) => keyOf(start, nameOf(relation))))
}

/** The key that a table had before the migration, even if it was renamed since. */
function keyBefore(
  { start }: Pick<KnownStatement, 'start'>,
  schema: DatabaseSchema,
  name: ObjectName,
): string {
  const id = tableNamed(schema, name)?.id
  const before = [...start.tables].find(([, table]) => table.id === id)
  return before?.[0] ?? keyOf(schema, name)
}

/** The name of a relation that is written as the server prints it: `billing."Order"`. */
function nameOf(relation: string): ObjectName {
  const [name = '', schema] = tokensOf(relation)
    .filter(({ text }) => text !== '.')
    .map(({ text }) => identifierOf(text))
    .toReversed()
  return schema === undefined ? { name } : { schema, name }
}

function lockFinding(known: KnownStatement, relation: string, lock: LockMode): ObservedFinding {
  const { table, name } = described(known, relation)
  const what = blockedBy(lock) === 'writes' ? 'write to' : 'read or write'
  return {
    id: 'observed-lock',
    finding: {
      severity: 'warning',
      object: table,
      lock,
      message: `In the test run, this statement took ${lock} on ${name}, which its text does not show: until the transaction ends, no other session can ${what} it.`,
    },
  }
}

function rewriteFinding(known: KnownStatement, relation: string): ObservedFinding {
  const { table, name } = described(known, relation)
  return {
    id: 'observed-rewrite',
    finding: {
      severity: 'error',
      object: table,
      lock: 'ACCESS EXCLUSIVE',
      rewrites: true,
      message: `In the test run, this statement rewrote all rows of ${name}: on a large table, no other session can read or write it while this runs.`,
    },
  }
}

function scanFinding(
  known: KnownStatement,
  relation: string,
  { rows, lock }: { readonly rows: number; readonly lock: LockMode },
): ObservedFinding {
  const { table, name } = described(known, relation)
  const what = blockedBy(lock) === 'writes' ? 'write to' : 'read or write'
  return {
    id: 'observed-scan',
    finding: {
      severity: 'warning',
      object: table,
      lock,
      message: `In the test run, this statement scanned ${rows} rows of ${name} sequentially while holding ${lock}: on a large table, no other session can ${what} it while this runs.`,
    },
  }
}

const DESTROYED: Readonly<Record<Observed['effects'][number]['what'], string>> = {
  inserted: 'inserted rows into',
  updated: 'updated rows of',
  deleted: 'deleted rows of',
  emptied: 'emptied',
  dropped: 'dropped',
  'column-dropped': 'dropped a column of',
}

function destructionFinding(
  known: KnownStatement,
  { relation, what, rows, column }: Observed['effects'][number],
): ObservedFinding {
  const { table, name } = described(known, relation)
  const which = rows === undefined ? (column === undefined ? '' : ` (${column})`) : ` (${rows})`
  return {
    id: 'observed-destruction',
    finding: {
      severity: 'error',
      object: table,
      anySize: true,
      message: `In the test run, this statement ${DESTROYED[what]} ${name}${which}, which its text does not show. A deploy to a protected environment rejects this unless you accept it.`,
    },
  }
}

function described({ start }: KnownStatement, relation: string) {
  const name = nameOf(relation)
  return { table: tableRef(start, name), name: full({ schema: start }, name) }
}
