import { advice, assertNever, command, type NextAction } from '../kernel/index.ts'
import { type CreatedObjects, createdBefore } from '../safekeeping/index.ts'
import {
  type Action,
  type Destruction,
  destructionsBy,
  isIdentityDropped,
  destructionText,
  type Migration,
  objectKey,
  type ObjectRef,
  ownerOf,
  partRef,
  type Statement,
  tableRef,
} from '../statements/index.ts'
import { raise } from './failures.ts'

/** Data that a migration destroys. */
export interface MigrationLoss extends Destruction {
  readonly migration: string
}

/** Everything that a statement does, if its effects cannot be observed: it may destroy anything. */
export interface Unobserved {
  readonly what: 'unobserved'
  readonly migration: string
  readonly statement: number
  /** The reason, after "it": `issues its own COMMIT`. */
  readonly why: string
}

/** Data that is about to be destroyed. */
export type Destroyed =
  | MigrationLoss
  | Unobserved
  /** Everything written after this time, in ISO 8601, which a restore to the state before a deploy undoes. */
  | { readonly what: 'later-writes'; readonly since: string }
  /** Everything that the project has in the database. */
  | { readonly what: 'project' }
  /** Data that a deploy or rollback kept. */
  | { readonly what: 'kept-data'; readonly data: readonly Destruction[] }
  /** Rows and values of a table that no statement names: those of a seed set or a sync, with their number. */
  | { readonly what: 'table-data'; readonly text: string }

/** The data that is about to be destroyed, its database, and the command that destroys it. */
export interface ConsentQuestion {
  readonly database: string
  /** An alternative name, which is accepted as well. */
  readonly alias?: string | undefined
  readonly destroys: readonly Destroyed[]
  /** The command with its arguments; absent if they must not be printed. */
  readonly command?: readonly string[] | undefined
}

/** How consent is given: with the database's name on the command line, or typed at a prompt. */
export interface Consent {
  /** The value of `--confirm`. */
  readonly confirm: string | undefined
  /** Asks for confirmation; absent if there is no terminal. */
  readonly ask?: ((question: ConsentQuestion) => Promise<boolean>) | undefined
}

/**
 * The data that migrations destroy according to their statements, in a database with this default schema:
 * what they drop and delete, and values that they overwrite in columns that they did not add themselves.
 */
export function destroyedBy(
  migrations: readonly Pick<Migration, 'name' | 'statements'>[],
  defaultSchema: string,
): MigrationLoss[] {
  const all = migrations.flatMap(({ name, statements }) =>
    statements.map((statement) => ({ migration: name, statement })),
  )
  const made = createdBefore(
    all.map(({ statement }) => statement),
    defaultSchema,
  )
  return all.flatMap(({ migration, statement }, index) =>
    statement.actions.flatMap((action) =>
      [...destructionsBy(action, defaultSchema), ...overwrittenBy(action, defaultSchema)]
        .filter(
          ({ object }) => !isCreated(identityIn(action, defaultSchema) ?? object, made[index]),
        )
        .map((destruction) => ({ migration, ...destruction })),
    ),
  )
}

/** The column whose identity an action drops. */
function identityIn(action: Action, defaultSchema: string): ObjectRef | undefined {
  if (!isIdentityDropped(action)) return undefined
  return partRef('column', tableRef({ defaultSchema }, action.table), action.column)
}

/** Whether an object is a new table or column, or part of one, and so contains no earlier data. */
function isCreated(object: ObjectRef, made: CreatedObjects | undefined): boolean {
  const table = objectKey(ownerOf(object))
  const column = object.kind === 'column' ? `${table}.${object.name}` : undefined
  return (
    made !== undefined &&
    (made.tables.has(table) || (column !== undefined && made.columns.has(column)))
  )
}

/**
 * All that must be confirmed before migrations run, up or down: the data that they destroy, and statements
 * whose effects cannot be observed.
 */
export function toConsentTo(
  migrations: readonly Pick<Migration, 'name' | 'statements'>[],
  defaultSchema: string,
): Destroyed[] {
  return [...destroyedBy(migrations, defaultSchema), ...unseenBy(migrations)]
}

/** The values that an action overwrites. A type change overwrites them if it computes new ones. */
function overwrittenBy(action: Action, defaultSchema: string): Destruction[] {
  if (action.kind === 'change-type') {
    const object = partRef('column', tableRef({ defaultSchema }, action.table), action.column)
    return isComputed(action) ? [{ what: 'values', object }] : []
  }
  if (action.kind === 'restart-sequence') {
    const object = { ...tableRef({ defaultSchema }, action.sequence), kind: 'sequence' as const }
    return [{ what: 'values', object }]
  }
  if (action.kind !== 'update' && action.kind !== 'insert') return []
  const table = tableRef({ defaultSchema }, action.table)
  if (action.kind === 'insert') return action.updates ? [{ what: 'values', object: table }] : []
  return action.columns.map((column) => ({
    what: 'values',
    object: partRef('column', table, column),
  }))
}

/**
 * Whether the new values are not just casts of the old ones. Pre-checks look for values that a cast
 * truncates.
 */
function isComputed({ using, casts }: Extract<Action, { kind: 'change-type' }>): boolean {
  return using !== undefined && casts === undefined
}

/**
 * Statements whose effects cannot be observed, because they may destroy anything: code that issues
 * its own COMMIT (CALL, a DO with COMMIT) or works outside the transaction, and code that runs while the
 * server does not count rows.
 */
function unseenBy(migrations: readonly Pick<Migration, 'name' | 'statements'>[]): Unobserved[] {
  return migrations.flatMap(({ name, statements }) =>
    statements.flatMap((statement) => {
      const why = whyUnseen(statement)
      return why === undefined
        ? []
        : [{ what: 'unobserved', migration: name, statement: statement.number, why }]
    }),
  )
}

function whyUnseen({ role, actions }: Statement): string | undefined {
  if (actions.some((action) => action.kind === 'opaque' && action.outside)) {
    return 'works outside the transaction'
  }
  if (role.kind === 'alone' && actions.some(({ kind }) => kind === 'opaque')) {
    return 'issues its own COMMIT'
  }
  const stopsCounting = actions.some(
    (action) =>
      (action.kind === 'set' && action.setting === 'track_counts') ||
      (action.kind === 'opaque' && action.words?.includes('TRACK_COUNTS')),
  )
  return stopsCounting
    ? 'sets track_counts, without which Slipway cannot detect changes'
    : undefined
}

/** Destroyed data as people read it: `column user.email (20240101_drop_email)`. For output alone. */
export function destroyedText(one: Destroyed): string {
  switch (one.what) {
    case 'object':
    case 'rows':
    case 'values':
      return `${destructionText(one)} (${one.migration})`
    case 'unobserved':
      return `everything that statement ${one.statement} of ${one.migration} does, because it ${one.why}`
    case 'later-writes':
      return `everything written since the deploy at ${one.since}`
    case 'project':
      return 'all data of the project'
    case 'kept-data':
      return `kept data of ${one.data.map(destructionText).join(', ')}`
    case 'table-data':
      return one.text
    default:
      return assertNever(one)
  }
}

/**
 * Guarantee 7: nothing is destroyed on a protected target without consent by its name. Fails with
 * DEPLOY.CONSENT_NEEDED, or with DEPLOY.DECLINED if the person declines.
 */
export async function requireConsent(question: ConsentQuestion, consent: Consent): Promise<void> {
  const { database, alias, destroys, command: words } = question
  if (consent.confirm !== undefined && [database, alias].includes(consent.confirm)) return
  if (consent.confirm === undefined && consent.ask) {
    if (await consent.ask(question)) return
    raise('DEPLOY.DECLINED', { message: `Declined. Nothing was changed on ${database}.` })
  }
  const named = destroys.slice(0, 3).map(destroyedText).join(', ')
  const list = destroys.length > 3 ? `${named} and ${destroys.length - 3} more` : named
  raise('DEPLOY.CONSENT_NEEDED', {
    message:
      consent.confirm === undefined
        ? `This destroys data on ${database}, which is protected: ${list}.`
        : `The name given with --confirm does not match the database, ${database}.`,
    why: 'Outside development and testing, destroying data must be confirmed with the database name.',
    nextActions: [confirmedCommand(words, database)],
  })
}

/** The same command with the name of the database as consent; without its words only the flag to add. */
export function confirmedCommand(
  words: readonly string[] | undefined,
  database: string,
): NextAction {
  return words === undefined
    ? advice(`Add --confirm ${database} if that is what you want.`)
    : command([...words, '--confirm', database], 'confirm it, if that is what you want')
}
