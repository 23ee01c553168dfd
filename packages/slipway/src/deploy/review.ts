import type { Effect, Review } from '../execution/index.ts'
import { command, type Failure, failureFrom } from '../kernel/index.ts'
import { createdBefore, mayDestroy } from '../safekeeping/index.ts'
import {
  type Action,
  type Destruction,
  destructionText,
  type Migration,
  isIdentityDropped,
  objectKey,
  type ObjectRef,
  ownerOf,
  partRef,
  type TableRef,
  tableRef,
} from '../statements/index.ts'
import { destroyedBy } from './consent.ts'

/** Failures that leave nothing of the failed migration, after which the target's state can be recorded. */
export const CLEAN_FAILURES: ReadonlySet<string> = new Set([
  'DEPLOY.STATEMENT_FAILED',
  'DEPLOY.UNANNOUNCED',
])

/** The parts of a migration that a review needs. */
type ReviewedMigration = Pick<Migration, 'name' | 'statements'>

/** What the migrations of one run may destroy on a target in addition to the confirmed data. */
export interface Permitted {
  readonly database: string
  readonly defaultSchema: string
  /** Tables to which a rollback restores values. */
  readonly restored?: readonly TableRef[]
  /** The command, and what it already accepts. */
  readonly command: readonly string[]
  readonly accepted: readonly string[]
}

/**
 * Enforces guarantee 7 by observed effects, for a run in which the losses that `destroyedBy` finds in all
 * migrations have consent. A transaction group that destroyed more is rolled back, whether a function, a
 * trigger, a rule or a foreign key did it. The review returns DEPLOY.UNANNOUNCED with all such losses by name
 * and count.
 */
export function reviewsOf(
  migrations: readonly ReviewedMigration[],
  permitted: Permitted,
): (migration: ReviewedMigration) => Review {
  const { defaultSchema, restored = [], accepted } = permitted
  // The effects are still read, so that the data is kept.
  if (accepted.includes('unannounced')) return () => () => undefined
  const announced = destroyedBy(migrations, defaultSchema)
  const values = announced.filter(({ what }) => what === 'values').map(({ object }) => object)
  const ofRun: Scope = {
    all: announced.some(({ object }) => object.kind === 'role' || object.kind === 'database'),
    ofType: values.some(({ kind }) => kind === 'type'),
    objects: keysOf(announced, 'object'),
    rows: keysOf(announced, 'rows'),
    values: new Set([...values, ...restored].map(objectKey)),
    updated: new Set(
      [...values.map(ownerOf), ...restored, ...updatedBy(migrations, defaultSchema)].map(objectKey),
    ),
    identities: new Set(migrations.flatMap((one) => identitiesDropped(one, defaultSchema))),
    rewritten: new Set(),
    leavesRows: false,
  }
  return (migration) => {
    const actions = migration.statements.flatMap((statement) => statement.actions)
    const scope = {
      ...ofRun,
      rewritten: rewrittenBy(actions, defaultSchema),
      leavesRows: !actions.some(mayDestroy),
    }
    return (effects, notKept) => {
      const open = openOf(effects, scope)
      if (open.length > 0) return unannounced(migration, open, permitted)
      return notKept.length > 0 ? unkept(migration, notKept, permitted) : undefined
    }
  }
}

/**
 * The tables that may be updated without consent, because statements fill new columns, or because Slipway
 * saves values before a column is dropped or changes its type.
 */
function updatedBy(migrations: readonly ReviewedMigration[], defaultSchema: string): ObjectRef[] {
  const statements = migrations.flatMap((migration) => migration.statements)
  const made = createdBefore(statements, defaultSchema)
  return statements.flatMap(({ actions }, index) =>
    actions.flatMap((action) => {
      if (
        action.kind !== 'update' &&
        action.kind !== 'change-type' &&
        action.kind !== 'drop-column'
      )
        return []
      const table = tableRef({ defaultSchema }, action.table)
      if (action.kind !== 'update') return [table]
      const isNew = (column: string) => made[index]?.columns.has(`${objectKey(table)}.${column}`)
      return action.columns.every(isNew) ? [table] : []
    }),
  )
}

/** The keys of the columns whose identity a migration drops. */
function identitiesDropped({ statements }: ReviewedMigration, defaultSchema: string): string[] {
  return statements
    .flatMap(({ actions }) => actions)
    .filter(isIdentityDropped)
    .map(({ table, column }) =>
      objectKey(partRef('column', tableRef({ defaultSchema }, table), column)),
    )
}

/**
 * The tables that statements rewrite explicitly. Empty if there is also code that may alter tables, because
 * the rewrite may then be its effect.
 */
function rewrittenBy(actions: readonly Action[], defaultSchema: string): Set<string> {
  if (actions.some(mayAlter)) return new Set()
  return new Set(
    actions
      .filter(({ kind }) => REWRITES.has(kind))
      .flatMap((action) =>
        'table' in action && action.table
          ? [objectKey(tableRef({ defaultSchema }, action.table))]
          : [],
      ),
  )
}

const REWRITES: ReadonlySet<Action['kind']> = new Set<Action['kind']>([
  'add-column',
  'alter-table',
  'change-type',
  'cluster',
])

function mayAlter(action: Action): boolean {
  return (
    action.kind === 'opaque' &&
    action.words?.some((word) => /^(?:ALTER|EXECUTE)$/.test(word)) === true
  )
}

interface Scope {
  /** Everything may be dropped: DROP OWNED was announced. */
  readonly all: boolean
  /** Columns may be dropped with a type. */
  readonly ofType: boolean
  readonly objects: ReadonlySet<string>
  readonly rows: ReadonlySet<string>
  /** Columns, tables and sequences whose values change. */
  readonly values: ReadonlySet<string>
  /** Tables that are updated; the keeper reports which of their columns. */
  readonly updated: ReadonlySet<string>
  /** Columns whose identity is dropped: its sequence may have any name. */
  readonly identities: ReadonlySet<string>
  /** Tables that a statement rewrites. */
  readonly rewritten: ReadonlySet<string>
  /** No statement can destroy rows, so it does not matter if the server does not count them. */
  readonly leavesRows: boolean
}

function keysOf(announced: readonly Destruction[], of: Destruction['what']): Set<string> {
  return new Set(announced.flatMap(({ what, object }) => (what === of ? [objectKey(object)] : [])))
}

function isAnnounced({ what, object, rows, partOf }: Effect, scope: Scope): boolean {
  const isIn = (keys: ReadonlySet<string>) =>
    [object, ...partOf].some((one) => keys.has(objectKey(one)))
  if (scope.all || isIn(scope.objects)) return true
  if (object.kind === 'database') return scope.leavesRows
  switch (what) {
    case 'object':
      if (object.kind === 'sequence') return isIn(scope.identities)
      return object.kind === 'column' && scope.ofType
    case 'rows':
      return isIn(scope.rows)
    case 'values':
      if (object.kind === 'column') return isIn(scope.values)
      // TRUNCATE may restart the sequences of its tables.
      if (object.kind === 'sequence') return isIn(scope.values) || isIn(scope.rows)
      return isIn(rows === undefined ? scope.rewritten : scope.updated)
  }
}

/** The unannounced effects, without columns of tables that are themselves among these. */
function openOf(effects: readonly Effect[], scope: Scope): Effect[] {
  const open = effects.filter((effect) => !isAnnounced(effect, scope))
  const whole = new Set(
    open.filter(({ what }) => what === 'values').map(({ object }) => objectKey(object)),
  )
  return open.filter(
    ({ what, object }) =>
      what !== 'values' || object.kind !== 'column' || !whole.has(objectKey(ownerOf(object))),
  )
}

function unannounced(
  migration: ReviewedMigration,
  effects: readonly Effect[],
  permitted: Permitted,
): Failure {
  return refused(migration, effects.map(effectText), permitted, {
    what: 'destroyed data',
    why: "The statements do not show it: a function, a trigger, a rule, a foreign key or code did it. PostgreSQL's row counts showed it before the commit, and the transaction was rolled back.",
  })
}

/** The failure for announced losses that a rollback could not restore. */
function unkept(
  migration: ReviewedMigration,
  notKept: readonly Destruction[],
  permitted: Permitted,
): Failure {
  return refused(migration, notKept.map(destructionText), permitted, {
    what: 'destroyed data that is not kept',
    why: 'Triggers capture what a migration destroys. Triggers are turned off, or the role cannot create them on this table. The transaction was rolled back.',
  })
}

function refused(
  { name }: ReviewedMigration,
  texts: readonly string[],
  { database, command: run, accepted }: Permitted,
  { what, why }: { readonly what: string; readonly why: string },
): Failure {
  const accept = [...accepted, 'unannounced'].join(',')
  const shown = texts.slice(0, 5).join(', ')
  const list = shown + (texts.length > 5 ? ` and ${texts.length - 5} more` : '')
  return failureFrom('DEPLOY.UNANNOUNCED', {
    message: `${name} would have ${what} on ${database}, which is protected: ${list}.`,
    why,
    nextActions: [
      command(['check', name], 'see what the migration does on a shadow database'),
      command(
        [...run, '--accept', accept, '--confirm', database],
        'run anyway and destroy the data',
      ),
    ],
  })
}

function effectText(effect: Effect): string {
  if (effect.object.kind === 'database')
    return 'rows that the server does not count (track_counts is off)'
  const { rows } = effect
  return destructionText(effect) + (rows === undefined ? '' : ` (${rows})`)
}
