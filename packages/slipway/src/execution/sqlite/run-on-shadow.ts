import type { Session } from '../../database/index.ts'
import { attempt, type Failure, failureFrom, failureOf } from '../../kernel/index.ts'
import type { Migration, Statement } from '../../statements/index.ts'
import { atomicScriptOf } from './atomic-script.ts'
import { placeInStatement } from './refused-place.ts'
import { dropTemporarySql } from './temporary-objects.ts'

/** A migration to be executed on a shadow database of SQLite. */
export interface SqliteShadowExecution {
  readonly migration: Pick<Migration, 'statements'>
  /** Observes each statement: `send` runs it. */
  readonly around?: ((statement: Statement, send: () => Promise<void>) => Promise<void>) | undefined
}

/** What ended an execution; the migration has left nothing behind. */
export interface SqliteRefusal {
  readonly failure: Failure
  /** The thrown error, if there was one. */
  readonly error?: unknown
  /** Absent if the end of the transaction was refused. */
  readonly statement?: Statement
  /** The index in the file. */
  readonly index?: number
}

/**
 * Executes a migration on a shadow database as `Session.runAtomically` does with its script, but statement by
 * statement, so that the refused one is known. As on a target, rows that violate a foreign key at the end undo it.
 * Returns the refusal.
 */
export async function runSqliteOnShadow(
  session: Session,
  { migration, around = (_, send) => send() }: SqliteShadowExecution,
): Promise<SqliteRefusal | undefined> {
  const { statements, foreignKeys, resets } = atomicScriptOf(migration)
  const outside = statements.find(isOutside)
  if (outside) return refusalOf(outside, outsideFailure(), undefined)
  const before = await readOrphans(session)
  if (!foreignKeys) await session.execute('PRAGMA foreign_keys = OFF')
  try {
    await session.execute('BEGIN IMMEDIATE')
    for (const statement of statements) {
      const refusal = await run(statement, () =>
        around(statement, () => session.execute(statement.text)),
      )
      if (refusal) return refusal
    }
    for (const sql of [...resets, ...(await dropTemporarySql(session))]) await session.execute(sql)
    const orphan = newOrphan(before, await readOrphans(session))
    if (orphan !== undefined) return { failure: orphanFailure(orphan) }
    return await run(undefined, () => session.execute('COMMIT'))
  } finally {
    // A statement with OR ROLLBACK may have ended the transaction already.
    await attempt(() => session.execute('ROLLBACK'))
    await session.execute('PRAGMA foreign_keys = ON')
  }
}

async function run(
  statement: Statement | undefined,
  work: () => Promise<void>,
): Promise<SqliteRefusal | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    return refusalOf(statement, failure, error)
  }
}

function refusalOf(
  statement: Statement | undefined,
  failure: Failure,
  error: unknown,
): SqliteRefusal {
  if (statement === undefined) return { failure, error }
  return { failure, error, statement, index: placeInStatement(statement, failure.sqlite) }
}

/** Whether it attaches another database. Older versions of Node cannot make SQLite refuse that: see isolate.ts. */
function isOutside({ actions }: Statement): boolean {
  return actions.some((action) => action.kind === 'other' && action.statement === 'AttachStmt')
}

function outsideFailure(): Failure {
  return failureFrom('DATABASE.STATEMENT', {
    message: 'SQLite refused a statement: not authorized.',
    sqlite: { code: 23, name: 'SQLITE_AUTH', message: 'not authorized' },
  })
}

/** The number of rows that refer to a missing row, by table and referenced table. */
type Orphans = ReadonlyMap<string, number>

async function readOrphans(session: Session): Promise<Orphans> {
  // A foreign key with mismatched columns is an error when rows are written, and here, too.
  const found = await attempt(() =>
    session.query<{ key: string; rows: number }>(
      `SELECT "table" || ' refer to no row of ' || parent AS key, count(*) AS rows
       FROM pragma_foreign_key_check GROUP BY "table", parent`,
    ),
  )
  return new Map(found.ok ? found.value.map(({ key, rows }) => [key, rows]) : [])
}

function newOrphan(before: Orphans, after: Orphans): string | undefined {
  const [found] = [...after].filter(([key, rows]) => rows > (before.get(key) ?? 0))
  return found?.[0]
}

function orphanFailure(key: string): Failure {
  const message = `rows of ${key}`
  return failureFrom('DATABASE.STATEMENT', {
    message: `The migration breaks a foreign key: ${message}.`,
    sqlite: { code: 787, name: 'SQLITE_CONSTRAINT_FOREIGNKEY', message },
  })
}
