import {
  type Action,
  type Migration,
  SQLITE_TRANSACTION_PRAGMAS,
  type Statement,
} from '../../statements/index.ts'

/** A migration as the one transaction that `Session.runAtomically` runs, on a file and on Cloudflare D1 alike. */
export interface AtomicScript {
  /** Without BEGIN and COMMIT. Each statement begins on its own line and ends with a semicolon. */
  readonly script: string
  /** Whether foreign keys are enforced while it runs. */
  readonly foreignKeys: boolean
  /** The statements of the file that are in it, in their order. */
  readonly statements: readonly Statement[]
  /** Statements after them: they switch off settings that would otherwise stay on for the next migration. */
  readonly resets: readonly string[]
  /** The statements of the file that are not in it. */
  readonly dropped: readonly DroppedStatement[]
  /**
   * Statements that delete, replace or update rows or drop a table, and that run with foreign keys enforced in the
   * file, but not in the script. They do the same only if no foreign key cascades their changes, which the schema
   * shows.
   */
  readonly unenforced: readonly Statement[]
}

/** A statement that is not in the script, and why. */
export interface DroppedStatement {
  readonly statement: Statement
  /**
   * `transaction`: the script already is one. `foreign-keys`: `foreignKeys` replaces it. `rolled-back`: the file itself
   * undoes it. `no-effect`: a transaction ignores or refuses it, and it changes no table and no row.
   */
  readonly why: 'transaction' | 'foreign-keys' | 'rolled-back' | 'no-effect'
}

/**
 * Translates a migration of SQLite into one transaction. SQLite ignores `PRAGMA foreign_keys` inside a transaction,
 * so one value holds for the whole file: keys are enforced unless the file makes a change while they are off. Prisma
 * writes changes in place before the PRAGMA, and table rebuilds after it. Pure.
 */
export function atomicScriptOf({ statements }: Pick<Migration, 'statements'>): AtomicScript {
  const undone = rolledBack(statements)
  const returns = statements.some((one) => otherOf(one) === 'RollbackStmt' && isOrdinary(one))
  const kept: Statement[] = []
  const dropped: DroppedStatement[] = []
  const enforced = new Set<Statement>()
  let enforces = true
  for (const statement of statements) {
    const why = undone.has(statement) ? 'rolled-back' : whyDropped(statement, returns)
    if (why === 'foreign-keys') enforces = isOn(pragmaOf(statement)?.value)
    if (why === undefined) kept.push(statement)
    else dropped.push({ statement, why })
    if (why === undefined && enforces) enforced.add(statement)
  }
  const changes = kept.filter(({ actions }) => actions.some(isChange))
  const foreignKeys = changes.every((one) => enforced.has(one))
  const resets = resetsBehind(kept)
  return {
    script: [...kept.map(({ text }) => text), ...resets].map((sql) => `${sql}\n;\n`).join(''),
    foreignKeys,
    statements: kept,
    resets,
    dropped,
    unenforced: foreignKeys
      ? []
      : kept.filter((one) => enforced.has(one) && one.actions.some(isPassedOn)),
  }
}

/** The statements between a BEGIN and its ROLLBACK. */
function rolledBack(statements: readonly Statement[]): ReadonlySet<Statement> {
  const undone = new Set<Statement>()
  let open: Statement[] | undefined
  for (const statement of statements) {
    const { kind } = statement.role
    if (kind === 'rollback') for (const one of open ?? []) undone.add(one)
    if (kind === 'begin') open = []
    else if (kind === 'commit' || kind === 'rollback') open = undefined
    else open?.push(statement)
  }
  return undone
}

/** The pragmas among them that belong to the session, not to the database, and are off when it begins. */
const OF_SESSION: ReadonlySet<string> = new Set(
  [...SQLITE_TRANSACTION_PRAGMAS].filter(
    (name) => !['application_id', 'defer_foreign_keys', 'user_version'].includes(name),
  ),
)

function whyDropped(statement: Statement, returns: boolean): DroppedStatement['why'] | undefined {
  switch (statement.role.kind) {
    case 'begin':
    case 'commit':
    case 'rollback':
      return 'transaction'
    default:
  }
  const pragma = pragmaOf(statement)
  if (pragma) {
    if (pragma.value === undefined) return 'no-effect'
    if (pragma.name === 'foreign_keys') return 'foreign-keys'
    return SQLITE_TRANSACTION_PRAGMAS.has(pragma.name) ? undefined : 'no-effect'
  }
  if (statement.actions.some(({ kind }) => kind === 'vacuum')) return 'no-effect'
  // Without a ROLLBACK TO, a savepoint within a transaction does nothing, and Cloudflare D1 refuses it.
  const isSavepoint = SAVEPOINTS.includes(otherOf(statement) ?? '')
  return isSavepoint && !returns ? 'transaction' : undefined
}

const SAVEPOINTS = ['SavepointStmt', 'ReleaseStmt']

function isOrdinary({ role }: Statement): boolean {
  return role.kind === 'ordinary'
}

function otherOf({ actions: [action] }: Statement): string | undefined {
  return action?.kind === 'other' ? action.statement : undefined
}

function pragmaOf({ actions: [action] }: Statement) {
  return action?.kind === 'pragma' ? action : undefined
}

/** SQLite accepts several words for on; any other word means off. Source: `sqlite3GetBoolean`. */
function isOn(value = ''): boolean {
  const word = value.replaceAll(/^["'`[]|["'`\]]$/g, '').toLowerCase()
  return /^[+]?\d/.test(word) ? Number.parseInt(word, 10) !== 0 : ON.includes(word)
}

const ON = ['on', 'yes', 'true']

function resetsBehind(kept: readonly Statement[]): string[] {
  const values = new Map<string, boolean>()
  for (const statement of kept) {
    const pragma = pragmaOf(statement)
    if (pragma && OF_SESSION.has(pragma.name)) values.set(pragma.name, isOn(pragma.value))
  }
  return [...values].flatMap(([name, on]) => (on ? [`PRAGMA ${name} = OFF`] : []))
}

/** Whether it can change a table or a row. */
function isChange(action: Action): boolean {
  if (action.kind === 'pragma') return false
  return action.kind !== 'other' || !QUIET.includes(action.statement)
}

const QUIET = [...SAVEPOINTS, 'RollbackStmt', 'SelectStmt', 'AnalyzeStmt', 'ExplainStmt']

/** Whether a foreign key could cascade it to other rows. */
function isPassedOn(action: Action): boolean {
  switch (action.kind) {
    case 'delete':
    case 'update':
      return true
    case 'insert':
      return action.updates === true
    case 'drop':
      return action.of === 'table'
    default:
      return false
  }
}
