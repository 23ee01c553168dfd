import { setTimeout as sleep } from 'node:timers/promises'
import { classifyError, type DatabaseError } from '../errors/index.ts'
import { asInternalWork } from '../operation.ts'
import { type AnyClient, plainClient } from '../prisma.ts'
import { isCircuitOpen, OutcomeUnknownError } from './failures.ts'
import { createRetryPolicy, type RetryPolicy } from './policy.ts'

/** Prisma's options for an interactive transaction, and Slipway's. Times in ms. */
export interface TransactionOptions {
  readonly isolationLevel?: 'ReadUncommitted' | 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
  readonly maxWait?: number
  readonly timeout?: number
  /** Budget and circuit breaker, shared with `retry`. Default: one per client. */
  readonly policy?: RetryPolicy
  /** Whether the transaction has the same effect if it runs twice. */
  readonly idempotent?: boolean
  /**
   * If the connection is lost during COMMIT, asks the server whether the transaction was committed, by its ID
   * (`pg_xact_status`), so that it is neither lost nor run twice. Costs one more statement per transaction.
   */
  readonly confirmCommit?: boolean
}

/** The client that a transaction's callback gets: the parameter of its `$transaction`. */
type TransactionClient<C> = C extends {
  $transaction<R>(work: (tx: infer T) => Promise<R>, options?: never): Promise<R>
}
  ? T
  : Omit<C, '$transaction' | '$connect' | '$disconnect' | '$on' | '$extends' | '$use'>

interface RunningTransaction {
  $queryRawUnsafe<T>(sql: string, ...values: unknown[]): PromiseLike<T>
}

/**
 * After a crash, the server may reuse IDs of transactions without a trace: an ID is valid only until then. Times are in
 * seconds since 1970, by the server's clock.
 */
interface TransactionIdentity {
  readonly id: string
  readonly serverStart: string
  readonly began: string
}

const IDENTITY = `
  SELECT pg_current_xact_id()::text AS id, extract(epoch FROM pg_postmaster_start_time())::text AS "serverStart",
    extract(epoch FROM now())::text AS began`

/**
 * Whether the server is the same and has not recovered from a crash since the transaction began. If only a backend
 * crashed, the postmaster keeps running, but the recovery resets all statistics (PostgreSQL docs, "The Cumulative Statistics
 * System"). A manual reset looks the same, and only makes the outcome unknown.
 */
const STATUS = `
  SELECT pg_xact_status($1::text::xid8) AS status,
    extract(epoch FROM pg_postmaster_start_time())::text = $2::text
      AND extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()) < $3::text::numeric AS "isSameRun"`

/** How far a transaction has got, to classify its failure. */
interface Progress {
  transaction?: TransactionIdentity
  result?: { readonly value: unknown }
}

const policies = new WeakMap<object, RetryPolicy>()

/**
 * Runs an interactive transaction, and runs it again from the beginning after a serialization failure, a deadlock,
 * a lost connection, a restart or a failover. Effects of `work` outside the database must be safe to repeat.
 *
 * A transaction whose callback has not returned is certainly not committed. If the connection is lost during COMMIT,
 * and neither `idempotent` nor `confirmCommit` is given, it is not run again: throws an {@link OutcomeUnknownError}.
 */
export async function withRetry<C extends AnyClient, R>(
  client: C,
  work: (tx: TransactionClient<C>) => Promise<R>,
  options: TransactionOptions = {},
): Promise<R> {
  const { policy: given, idempotent = false, confirmCommit = false, ...prismaOptions } = options
  const policy = policyFor(client, given)
  const transaction = client.$transaction.bind(client) as unknown as (
    callback: (tx: RunningTransaction) => Promise<unknown>,
    options: object,
  ) => Promise<unknown>

  // The errors of attempts that certainly left nothing behind.
  const rolledBack = new WeakSet<object>()
  const attempt = async () => {
    const progress: Progress = {}
    try {
      return await transaction(async (tx) => {
        if (confirmCommit) {
          const identity = await identityOf(tx)
          if (identity) progress.transaction = identity
        }
        const value = await work(tx as unknown as TransactionClient<C>)
        progress.result = { value }
        return value
      }, prismaOptions)
    } catch (error) {
      const outcome = progress.result
        ? await outcomeOfCommit(client, error, progress.transaction)
        : 'rolled-back'
      if (outcome === 'committed') return progress.result?.value
      if (outcome === 'unknown' && !idempotent) throw new OutcomeUnknownError(error)
      if (outcome === 'rolled-back' && error instanceof Object) rolledBack.add(error)
      throw error
    }
  }
  const mayRetry = (_: DatabaseError, thrown: unknown) =>
    idempotent || isCircuitOpen(thrown) || (thrown instanceof Object && rolledBack.has(thrown))
  return (await policy.run({ model: undefined, action: '$transaction' }, attempt, mayRetry)) as R
}

function policyFor(client: object, given: TransactionOptions['policy']): RetryPolicy {
  if (given) return given
  const known = policies.get(client) ?? createRetryPolicy()
  policies.set(client, known)
  return known
}

async function identityOf(tx: RunningTransaction): Promise<TransactionIdentity | undefined> {
  const rows = await asInternalWork(() => tx.$queryRawUnsafe<TransactionIdentity[]>(IDENTITY))
  return rows[0]
}

/** The outcome of a transaction whose callback had returned. */
async function outcomeOfCommit(
  client: AnyClient,
  error: unknown,
  transaction: TransactionIdentity | undefined,
): Promise<'committed' | 'rolled-back' | 'unknown'> {
  if (classifyError(error).kind !== 'connection-lost') return 'rolled-back'
  return transaction === undefined ? 'unknown' : await askForOutcome(client, transaction)
}

/** How long the server may take to answer again, and to detect that the connection is gone. */
const ASK_FOR_MS = 10_000

async function askForOutcome(
  client: AnyClient,
  { id, serverStart, began }: TransactionIdentity,
): Promise<'committed' | 'rolled-back' | 'unknown'> {
  const plain = plainClient(client)
  const begin = performance.now()
  while (performance.now() - begin < ASK_FOR_MS) {
    try {
      const rows = await plain.$queryRawUnsafe<
        { status: string | null; isSameRun: boolean | null }[]
      >(STATUS, id, serverStart, began)
      const { status, isSameRun } = rows[0] ?? {}
      if (status === 'committed') return isSameRun === true ? 'committed' : 'unknown'
      if (status === 'aborted') return 'rolled-back'
    } catch (error) {
      // A promoted replica may not know the transaction: "transaction ID is in the future".
      if (classifyError(error).kind === 'other') return 'unknown'
    }
    await sleep(50)
  }
  return 'unknown'
}
