import { quoteIdentifier, type Session } from '../database/index.ts'
import { type Failure, failureOf } from '../kernel/index.ts'
import { columnOf } from './column-type.ts'

/** What the engine's methods of a driver adapter answer with; it reads the fields, nothing is thrown. */
type Outcome<T> = { ok: true; value: T } | { ok: false; error: AdapterError }

/** An error in the form that the engine deserialises. `GenericJs` is one that the engine does not know. */
type AdapterError =
  | {
      kind: 'postgres'
      code: string
      severity: string
      message: string
      detail?: string
      column?: string
      hint?: string
    }
  | { kind: 'ConnectionClosed' }
  | { kind: 'GenericJs'; id: number }

interface Query {
  readonly sql: string
  readonly args: readonly unknown[]
}

interface ResultSet {
  readonly columnNames: string[]
  readonly columnTypes: number[]
  readonly rows: unknown[][]
}

interface Queryable {
  readonly provider: 'postgres'
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
  readonly provider: 'postgres'
  readonly adapterName: string
  connect(): Promise<Outcome<DriverAdapter>>
  connectToShadowDb(): Promise<Outcome<DriverAdapter>>
}

/** What went wrong beneath the engine, which itself keeps neither SQLSTATE nor position. */
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
   * built, so that a mere look would write.
   */
  readonly createSchema: boolean
  /** Runs when the engine lets go of the connection. */
  readonly dispose?: () => Promise<void>
}

const IDENTITY = { provider: 'postgres', adapterName: 'slipway' } as const

/** Makes the factory that the engine is built with. */
export function adapterFactory(
  connect: () => Promise<AdapterOptions>,
  connectToShadowDb: () => Promise<AdapterOptions>,
  errors: ErrorLog,
): DriverAdapterFactory {
  return {
    ...IDENTITY,
    connect: () => outcomeOf(errors, async () => await openAdapter(await connect())),
    connectToShadowDb: () =>
      outcomeOf(errors, async () => await openAdapter(await connectToShadowDb())),
  }
}

/** Prepares a session for the engine and wraps it. */
async function openAdapter(options: AdapterOptions): Promise<DriverAdapter> {
  const { session, schema } = options
  await session.execute('SET DateStyle TO ISO')
  // The engine reads `schemaName` but never sets the path that migrations without a prefix go by.
  if (schema !== 'public') await session.execute(`SET search_path TO ${quoteIdentifier(schema)}`)
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
  const command = (sql: string) => () => outcomeOf(errors, () => done(session.execute(sql)))
  return {
    ...queryable,
    executeScript: (script) => outcomeOf(errors, () => done(session.execute(script)), script),
    startTransaction: (isolationLevel) =>
      outcomeOf(errors, async () => {
        await session.execute(
          isolationLevel === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolationLevel}`,
        )
        // With `usePhantomQuery` the engine leaves the statement itself to us.
        const options = { usePhantomQuery: true }
        return { ...queryable, options, commit: command('COMMIT'), rollback: command('ROLLBACK') }
      }),
    getConnectionInfo: () => ({
      ok: true,
      value: { schemaName: schema, supportsRelationJoins: true },
    }),
    dispose: () => outcomeOf(errors, () => done(dispose?.())),
  }
}

function queryableOver(session: Session, errors: ErrorLog, createSchema: boolean): Queryable {
  return {
    ...IDENTITY,
    queryRaw: ({ sql, args }) =>
      outcomeOf(errors, async () => {
        const result = await session.queryRaw(sql, args)
        const columns = result.columns.map(({ oid }) => columnOf(oid))
        return {
          columnNames: result.columns.map(({ name }) => name),
          columnTypes: columns.map(({ type }) => type),
          rows: result.rows.map((row) =>
            columns.map(({ read }, index) => read(row[index] ?? null)),
          ),
        }
      }),
    executeRaw: ({ sql, args }) =>
      outcomeOf(errors, async () => {
        if (!createSchema && /^\s*CREATE SCHEMA\b/i.test(sql)) return 0
        // Without arguments the text may hold several statements, which only the simple protocol takes.
        if (args.length === 0) return await session.execute(sql).then(() => 0)
        return (await session.queryRaw(sql, args)).affected
      }),
  }
}

async function done(work: Promise<void> | undefined): Promise<undefined> {
  await work
}

async function outcomeOf<T>(
  errors: ErrorLog,
  work: () => Promise<T>,
  script?: string,
): Promise<Outcome<T>> {
  try {
    const value = await work()
    // The engine notes a failed script in the history, and only then reports it: that one is kept.
    if (errors.last?.script === undefined) errors.last = undefined
    return { ok: true, value }
  } catch (error) {
    errors.last = script === undefined ? { error } : { error, script }
    return { ok: false, error: adapterError(failureOf(error)) }
  }
}

function adapterError(failure: Failure | undefined): AdapterError {
  const server = failure?.server
  if (server) {
    const { sqlstate, message, detail, hint } = server
    return {
      kind: 'postgres',
      code: sqlstate,
      severity: 'ERROR',
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(hint === undefined ? {} : { hint }),
    }
  }
  if (failure?.code === 'DATABASE.CONNECTION_LOST') return { kind: 'ConnectionClosed' }
  return { kind: 'GenericJs', id: 0 }
}
