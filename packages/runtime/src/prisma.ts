/**
 * The parts of Prisma Client that this package uses, described by shape: it works with the generated clients of
 * Prisma 6 and 7, and imports neither.
 */

/** A query extension's parameters. Only the undocumented `__internalParams` shows whether there is a transaction. */
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

/** The client from which `$extends` created a client; undefined for one that was not extended. */
export function parentOf(client: AnyClient): AnyClient | undefined {
  const { $parent: parent } = client as { readonly $parent?: AnyClient }
  return parent === client ? undefined : parent
}

/**
 * The client without any extension, for this package's own statements: they are not operations of the application, so
 * nothing retries, logs, counts, caches or routes them.
 */
export function plainClient(client: AnyClient): AnyClient {
  const parent = parentOf(client)
  return parent ? plainClient(parent) : client
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
