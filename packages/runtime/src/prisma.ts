/**
 * What this package uses of Prisma Client, stated by shape: it works with the generated client of Prisma 6 and 7 and
 * imports neither.
 */

/** A query extension's parameters. `__internalParams` is not documented; only it shows whether there is a transaction. */
export interface QueryParams {
  readonly model?: string | undefined
  readonly operation: string
  readonly args: unknown
  readonly query: (args: unknown) => Promise<unknown>
  readonly __internalParams?: { readonly transaction?: { readonly kind: 'itx' | 'batch' } }
}

/** The parts of a client that every Prisma version has. */
export interface AnyClient {
  $extends(extension: object): unknown
  $queryRawUnsafe<T = unknown>(sql: string, ...values: unknown[]): PromiseLike<T>
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>
  $transaction(...args: never[]): Promise<unknown>
}

/**
 * A Prisma extension, to be passed to `$extends`. The client keeps its type: an extension of this package changes what
 * an operation does, not what it returns.
 */
// `any` because the generated client's type is the application's. The empty objects are Prisma's notation for "adds nothing".
// oxlint-disable-next-line typescript/no-explicit-any
export type Extension = (client: any) => {
  $extends: { extArgs: { result: {}; model: {}; query: {}; client: {} } }
}

type TransactionFunction = (this: unknown, ...args: unknown[]) => Promise<unknown>

interface Hooks {
  readonly name: string
  /** Runs around each operation. */
  onOperation?(params: QueryParams): Promise<unknown>
  /** Runs around each `$transaction`, of both kinds; `run` starts the transaction with other arguments if given. */
  onTransaction?(
    args: readonly unknown[],
    run: (args: readonly unknown[]) => Promise<unknown>,
  ): Promise<unknown>
}

/** Makes an extension of hooks; `hooks` gets the client that is extended. */
export function createExtension(hooks: (client: AnyClient) => Hooks): Extension {
  const extend = (client: AnyClient) => {
    const { name, onOperation, onTransaction } = hooks(client)
    const original = client.$transaction as unknown as TransactionFunction
    return client.$extends({
      name,
      ...(onOperation && { query: { $allOperations: onOperation } }),
      ...(onTransaction && {
        client: {
          // `this` is the client with all its extensions: the callback gets a client that has them, too.
          $transaction(this: unknown, ...args: unknown[]) {
            return onTransaction(args, (used) => original.apply(this, [...used]))
          },
        },
      }),
    })
  }
  return extend as Extension
}

/** Whether the operation runs inside a transaction that the application opened. */
export function isInTransaction(params: QueryParams): boolean {
  return params.__internalParams?.transaction !== undefined
}

const READS = new Set([
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'count',
  'aggregate',
  'groupBy',
])

/** Whether an action of a model only reads. Raw queries do not count: they may do anything. */
export function isRead(action: string): boolean {
  return READS.has(action)
}
