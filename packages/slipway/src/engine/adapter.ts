import { ownPinSql, type RawResult, type Session, unpinForFileSql } from '../database/index.ts'
import { type Failure, failureOf } from '../kernel/index.ts'
import { engineDialectOf } from './dialects.ts'
import type { DatabaseError, EngineDialect } from './engine-dialect.ts'

/** The result of a driver adapter's method. The engine reads the fields; the methods never throw. */
type Outcome<T> = { ok: true; value: T } | { ok: false; error: AdapterError }

/** An error in the form that the engine deserialises. `GenericJs` is one that the engine does not know. */
type AdapterError = DatabaseError | { kind: 'ConnectionClosed' } | { kind: 'GenericJs'; id: number }

interface Query {
  readonly sql: string
  readonly args: readonly unknown[]
  readonly argTypes: readonly { readonly scalarType?: string }[]
}

interface ResultSet {
  readonly columnNames: string[]
  readonly columnTypes: number[]
  readonly rows: unknown[][]
}

interface Queryable {
  readonly provider: EngineDialect['provider']
  readonly adapterName: string
  queryRaw(query: Query): Promise<Outcome<ResultSet>>
  executeRaw(query: Query): Promise<Outcome<number>>
}

interface Transaction extends Queryable {
  readonly options: { readonly usePhantomQuery: boolean }
  commit(): Promise<Outcome<undefined>>
  rollback(): Promise<Outcome<undefined>>
}

/** One connection, in the shape of Prisma's `SqlDriverAdapter`. */
interface DriverAdapter extends Queryable {
  executeScript(script: string): Promise<Outcome<undefined>>
  startTransaction(isolationLevel?: string): Promise<Outcome<Transaction>>
  getConnectionInfo(): Outcome<{ schemaName: string; supportsRelationJoins: boolean }>
  dispose(): Promise<Outcome<undefined>>
}

/** In the shape of Prisma's `SqlMigrationAwareDriverAdapterFactory`. */
export interface DriverAdapterFactory {
  readonly provider: EngineDialect['provider']
  readonly adapterName: string
  connect(): Promise<Outcome<DriverAdapter>>
  connectToShadowDb(): Promise<Outcome<DriverAdapter>>
}

/** The driver's last error. The engine itself keeps neither SQLSTATE nor position. */
export interface ErrorLog {
  /** The last error of a driver, and the script that it came from, if it was a script. */
  last: { readonly error: unknown; readonly script?: string } | undefined
}

export interface AdapterOptions {
  readonly session: Session
  /** The schema of the main connection. A shadow database takes the same one. */
  readonly schema: string
  readonly errors: ErrorLog
  /**
   * Whether the engine may create the missing schema of the connection. It does so while it is
   * built, so even reading would write.
   */
  readonly createSchema: boolean
  /** Runs when the engine releases the connection. */
  readonly dispose?: () => Promise<void>
}

/** Creates the factory with which the engine is built. */
export function adapterFactory(
  { provider, adapterName }: EngineDialect,
  connect: () => Promise<AdapterOptions>,
  connectToShadowDb: () => Promise<AdapterOptions>,
  errors: ErrorLog,
): DriverAdapterFactory {
  return {
    provider,
    adapterName,
    connect: () => outcomeOf({ errors }, async () => await openAdapter(await connect())),
    connectToShadowDb: () =>
      outcomeOf({ errors }, async () => await openAdapter(await connectToShadowDb())),
  }
}

/** Prepares a session for the engine and wraps it. */
async function openAdapter(options: AdapterOptions): Promise<DriverAdapter> {
  const { session, schema } = options
  await engineDialectOf(session).prepare(session, schema)
  return adapterOver(options)
}

function adapterOver({
  session,
  schema,
  errors,
  createSchema,
  dispose,
}: AdapterOptions): DriverAdapter {
  const queryable = queryableOver(session, errors, createSchema)
  const command = (sql: string) => () =>
    outcomeOf({ session, errors }, () => done(session.execute(sql)))
  return {
    ...queryable,
    executeScript: (script) =>
      outcomeOf({ session, errors }, () => done(executeFile(session, script)), script),
    startTransaction: (isolationLevel) =>
      outcomeOf({ session, errors }, async () => {
        await session.execute(
          isolationLevel === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolationLevel}`,
        )
        // With `usePhantomQuery`, the adapter runs COMMIT and ROLLBACK itself.
        const options = { usePhantomQuery: true }
        return { ...queryable, options, commit: command('COMMIT'), rollback: command('ROLLBACK') }
      }),
    getConnectionInfo: () => ({
      ok: true,
      value: { schemaName: schema, supportsRelationJoins: true },
    }),
    dispose: () => outcomeOf({ session, errors }, () => done(dispose?.())),
  }
}

/** Runs the text of a migration with the settings of the login, as a deploy does. */
async function executeFile(session: Session, script: string): Promise<void> {
  const [before, after] = [unpinForFileSql(session), ownPinSql(session)]
  if (before === '') return await session.execute(script)
  await session.execute(before)
  try {
    await session.execute(script)
  } finally {
    // A script may have left a failed transaction open; the engine then ends the connection.
    await session.execute(after).catch(() => {})
  }
}

function queryableOver(session: Session, errors: ErrorLog, createSchema: boolean): Queryable {
  const { provider, adapterName, columnOf, argument, createsSchema, isWithoutHistory } =
    engineDialectOf(session)
  const argumentsOf = ({ args, argTypes }: Query) =>
    args.map((value, at) => argument(value, argTypes?.[at]?.scalarType))
  async function rowsOf(query: Query): Promise<RawResult> {
    try {
      return await session.queryRaw(query.sql, argumentsOf(query))
    } catch (error) {
      const failure = failureOf(error)
      if (failure && isWithoutHistory(failure)) return { columns: [], rows: [], affected: 0 }
      throw error
    }
  }
  return {
    provider,
    adapterName,
    queryRaw: (query) =>
      outcomeOf({ session, errors }, async () => {
        const result = await rowsOf(query)
        const columns = result.columns.map(columnOf)
        return {
          columnNames: result.columns.map(({ name }) => name),
          columnTypes: columns.map(({ type }) => type),
          rows: result.rows.map((row) =>
            columns.map(({ read }, index) => read(row[index] ?? null)),
          ),
        }
      }),
    executeRaw: (query) =>
      outcomeOf({ session, errors }, async () => {
        const { sql, args } = query
        if (!createSchema && createsSchema(sql)) return 0
        // Without arguments, the text may hold several statements, which only the simple protocol accepts.
        if (args.length === 0) return await session.execute(sql).then(() => 0)
        return (await session.queryRaw(sql, argumentsOf(query))).affected
      }),
  }
}

async function done(work: Promise<void> | undefined): Promise<undefined> {
  await work
}

/** The session of a call; absent if the call opens one. */
interface Call {
  readonly session?: Session
  readonly errors: ErrorLog
}

async function outcomeOf<T>(
  { session, errors }: Call,
  work: () => Promise<T>,
  script?: string,
): Promise<Outcome<T>> {
  try {
    const value = await work()
    // The engine records a failed script in the history before it reports it, so that error is kept.
    if (errors.last?.script === undefined) errors.last = undefined
    return { ok: true, value }
  } catch (error) {
    errors.last = script === undefined ? { error } : { error, script }
    return { ok: false, error: adapterError(failureOf(error), session) }
  }
}

function adapterError(failure: Failure | undefined, session: Session | undefined): AdapterError {
  const known = failure && session && engineDialectOf(session).errorOf(failure)
  if (known) return known
  if (failure?.code === 'DATABASE.CONNECTION_LOST') return { kind: 'ConnectionClosed' }
  return { kind: 'GenericJs', id: 0 }
}
