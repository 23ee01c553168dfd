import { type Operation, withOperation } from './operation.ts'
import { type AnyClient, parentOf, type QueryParams } from './prisma.ts'

/**
 * A Prisma extension, to be passed to `$extends`. The client keeps its type: an extension of this package changes what
 * an operation does, not what it returns.
 */
// `any` because the generated client's type is the application's. The empty objects are Prisma's notation for "adds nothing".
// oxlint-disable-next-line typescript/no-explicit-any
export type Extension = (client: any) => {
  $extends: { extArgs: { result: {}; model: {}; query: {}; client: {} } }
}

/**
 * The extensions from the outermost to the innermost. The log sees the retries, a cached result needs no server, and
 * each attempt is a transaction of the actor extension.
 */
const ORDER = ['log', 'metrics', 'cache', 'replicas', 'retry', 'actor'] as const

export interface Hooks {
  readonly name: (typeof ORDER)[number]
  /** Wraps each operation; `next` runs the inner extensions and the query, and may be called again. */
  onOperation?(operation: Operation, next: () => Promise<unknown>): Promise<unknown>
  /** Wraps each `$transaction`, interactive or batch; `run` starts the transaction with these arguments. */
  onTransaction?(
    args: readonly unknown[],
    run: (args: readonly unknown[]) => Promise<unknown>,
  ): Promise<unknown>
}

/** Extensions of this package that were added one after the other, and the client to which they were added. */
interface Chain {
  readonly client: AnyClient
  readonly hooks: readonly Hooks[]
}

const chains = new WeakMap<AnyClient, Chain>()

/**
 * Creates an extension from hooks; `createHooks` gets the client that is extended. Extensions of this package that are
 * added one after the other become one extension with a fixed order: it does not matter which was added first. Throws a
 * `TypeError` if the client already has the extension, or if an extension of the application lies between it and an
 * extension of this package that must be inside it.
 */
export function createExtension(createHooks: (client: AnyClient) => Hooks): Extension {
  const extend = (client: AnyClient) => {
    const { client: base, hooks } = chains.get(client) ?? { client, hooks: [] }
    const added = createHooks(base)
    refuseMisplaced(added, hooks, base)
    const chain = { client: base, hooks: [...hooks, added].toSorted(byPlace) }
    const extended = base.$extends(toPrisma(chain)) as AnyClient
    chains.set(extended, chain)
    return extended
  }
  return extend as unknown as Extension
}

function byPlace(a: Hooks, b: Hooks): number {
  return placeOf(a) - placeOf(b)
}

function placeOf({ name }: Hooks): number {
  return ORDER.indexOf(name)
}

function refuseMisplaced(added: Hooks, hooks: readonly Hooks[], base: AnyClient): void {
  const separated = ancestorsOf(base).flatMap((client) => chains.get(client)?.hooks ?? [])
  if ([...hooks, ...separated].some(({ name }) => name === added.name)) {
    throw new TypeError(`The client already has the extension "${added.name}".`)
  }
  const inner = separated.find((one) => placeOf(one) > placeOf(added))
  if (inner) {
    throw new TypeError(
      `Add the extension "${added.name}" directly before or after "${inner.name}": another extension is between them.`,
    )
  }
}

function ancestorsOf(client: AnyClient): AnyClient[] {
  const parent = parentOf(client)
  return parent ? [parent, ...ancestorsOf(parent)] : []
}

type TransactionFunction = (this: unknown, ...args: unknown[]) => Promise<unknown>

/** A chain as one Prisma extension. */
function toPrisma({ client, hooks }: Chain): object {
  const runOperation = nestOperations(hooks)
  const original = client.$transaction as unknown as TransactionFunction
  return {
    name: 'slipway-runtime',
    query: {
      $allOperations: (params: QueryParams) =>
        withOperation(params, (operation) =>
          runOperation(operation, () => params.query(params.args)),
        ),
    },
    client: {
      // `this` is the client with all its extensions: the callback gets a client that has them, too.
      $transaction(this: unknown, ...args: unknown[]) {
        return nestTransactions(hooks, (used) => original.apply(this, [...used]))(args)
      },
    },
  }
}

type RunOperation = (operation: Operation, query: () => Promise<unknown>) => Promise<unknown>

function nestOperations(hooks: readonly Hooks[]): RunOperation {
  return hooks.reduceRight<RunOperation>(
    (inner, one) => {
      const { onOperation } = one
      if (!onOperation) return inner
      return (operation, query) => onOperation(operation, () => inner(operation, query))
    },
    (_, query) => query(),
  )
}

type RunTransaction = (args: readonly unknown[]) => Promise<unknown>

function nestTransactions(hooks: readonly Hooks[], run: RunTransaction): RunTransaction {
  return hooks.reduceRight<RunTransaction>((inner, one) => {
    const { onTransaction } = one
    return onTransaction ? (args) => onTransaction(args, inner) : inner
  }, run)
}
