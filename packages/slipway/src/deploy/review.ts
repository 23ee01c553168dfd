import type { Effect, Review } from '../execution/index.ts'
import { command, type Failure, failureFrom } from '../kernel/index.ts'
import {
  type Action,
  type Destruction,
  destructionText,
  type Migration,
  objectKey,
  type ObjectRef,
  ownerOf,
  type TableRef,
  tableRef,
} from '../statements/index.ts'
import { destroyedBy } from './consent.ts'

/** Failures of a migration that leave nothing of it, after which the state of the target can be recorded. */
export const LEAVES_NOTHING: ReadonlySet<string> = new Set([
  'DEPLOY.STATEMENT_FAILED',
  'DEPLOY.UNANNOUNCED',
])

/** What of a migration counts for a review. */
type ReviewedMigration = Pick<Migration, 'name' | 'statements'>

/** What the migrations of one run may destroy on a target, beside what has consent. */
export interface Permitted {
  readonly database: string
  readonly defaultSchema: string
  /** Tables to which a rollback restores values. */
  readonly restored?: readonly TableRef[]
  /** The command, and what it accepts already. */
  readonly command: readonly string[]
  readonly accepted: readonly string[]
}

/**
 * Guarantee 7 by what the server did, for a run in which `destroyedBy` of all migrations has consent: rolls back a
 * transaction group that destroyed more, whether a function, a trigger, a rule or a foreign key did it. Gives DEPLOY.UNANNOUNCED, with all of it by name and count.
 */
export function reviewsOf(
  migrations: readonly ReviewedMigration[],
  permitted: Permitted,
): (migration: ReviewedMigration) => Review {
  const { defaultSchema, restored = [], accepted } = permitted
  // What was done is still read, so that it is kept.
  if (accepted.includes('unannounced')) return () => () => undefined
  const announced = destroyedBy(migrations, defaultSchema)
  const ofRun: Scope = {
    all: announced.some(({ object }) => object.kind === 'role' || object.kind === 'database'),
    ofType: announced.some(({ what, object }) => what === 'values' && object.kind === 'type'),
    objects: keysOf(announced, 'object'),
    rows: keysOf(announced, 'rows'),
    values: new Set([...keysOf(announced, 'values'), ...restored.map(objectKey)]),
    named: new Set(),
  }
  return (migration) => {
    const scope = withOwn(ofRun, migration, defaultSchema)
    return (effects, notKept) => {
      const open = effects.filter((effect) => !isAnnounced(effect, scope))
      if (open.length > 0) return unannounced(migration, open, permitted)
      return notKept.length > 0 ? unkept(migration, notKept, permitted) : undefined
    }
  }
}

/** With the tables that the migration's own statements name and update: values of new columns need no consent. */
function withOwn(ofRun: Scope, { statements }: ReviewedMigration, defaultSchema: string): Scope {
  const actions = statements.flatMap((statement) => statement.actions)
  const keys = (of: readonly Action[]) =>
    of.flatMap((action) => tablesIn(action, defaultSchema)).map(objectKey)
  return {
    ...ofRun,
    values: new Set([...ofRun.values, ...keys(actions.filter(updates))]),
    named: new Set(keys(actions)),
  }
}

interface Scope {
  /** Everything may go: DROP OWNED was announced. */
  readonly all: boolean
  /** Columns go with a type. */
  readonly ofType: boolean
  readonly objects: ReadonlySet<string>
  readonly rows: ReadonlySet<string>
  /** Tables whose values change. */
  readonly values: ReadonlySet<string>
  /** Tables that a statement names: a rewrite of one is what the statement asks for. */
  readonly named: ReadonlySet<string>
}

function keysOf(announced: readonly Destruction[], of: Destruction['what']): Set<string> {
  return new Set(
    announced.flatMap(({ what, object }) =>
      what === of ? [objectKey(of === 'values' ? ownerOf(object) : object)] : [],
    ),
  )
}

function isAnnounced({ what, object, rows, partOf }: Effect, scope: Scope): boolean {
  const isIn = (keys: ReadonlySet<string>) =>
    [object, ...partOf].some((one) => keys.has(objectKey(one)))
  if (scope.all || isIn(scope.objects)) return true
  switch (what) {
    case 'object':
      return object.kind === 'column' && scope.ofType
    case 'rows':
      return isIn(scope.rows)
    case 'values':
      return rows === undefined ? isIn(scope.named) : isIn(scope.values)
  }
}

/** The tables that an action names. */
function tablesIn(action: Action, defaultSchema: string): ObjectRef[] {
  const names =
    'tables' in action
      ? action.tables
      : 'table' in action && action.table !== undefined
        ? [action.table]
        : []
  return names.map((name) => tableRef({ defaultSchema }, name))
}

function updates(action: Action): boolean {
  return action.kind === 'update' || (action.kind === 'insert' && action.updates === true)
}

function unannounced(
  migration: ReviewedMigration,
  effects: readonly Effect[],
  permitted: Permitted,
): Failure {
  return refused(migration, effects.map(effectText), permitted, {
    what: 'destroyed data',
    why: 'The statements do not show it: a function, a trigger, a rule, a foreign key or code did it. PostgreSQL counted it before the commit, and the transaction was rolled back.',
  })
}

/** Data that was announced, but that a rollback could not restore. */
function unkept(
  migration: ReviewedMigration,
  notKept: readonly Destruction[],
  permitted: Permitted,
): Failure {
  return refused(migration, notKept.map(destructionText), permitted, {
    what: 'destroyed data that is not kept',
    why: 'Triggers capture what a migration destroys. Something turned them off, or the role may not create them on this table. The transaction was rolled back.',
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
      command([...run, '--accept', accept, '--confirm', database], 'destroy it'),
    ],
  })
}

function effectText(effect: Effect): string {
  if (effect.object.kind === 'database')
    return 'rows that the server does not count (track_counts is off)'
  const { rows } = effect
  return destructionText(effect) + (rows === undefined ? '' : ` (${rows})`)
}
