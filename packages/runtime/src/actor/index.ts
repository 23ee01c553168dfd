import { createExtension, type Extension } from '../extension.ts'
import { asInternalWork } from '../operation.ts'
import { type AnyClient, isRead, plainClient } from '../prisma.ts'
import { sharedStorage } from '../storage.ts'

export interface ActorOptions {
  /** The setting that triggers read: `current_setting('slipway.actor', true)`. Default `slipway.actor`. */
  readonly setting?: string
}

const actors = sharedStorage<string>('actor')

/** Runs `work` on behalf of `user`: a client with the extension `actor` names that user as the actor of its writes. */
export function withActor<T>(user: string, work: () => T): T {
  return actors.run(user, work)
}

/** The user on whose behalf this code runs. */
export function currentActor(): string | undefined {
  return actors.getStore()
}

/**
 * A Prisma extension that tells the database who writes. Within {@link withActor}, each transaction (interactive or
 * batch) first sets a transaction-local setting, and a single write or raw query runs in a transaction with it. The
 * setting ends with the transaction, so it is safe with pools, including transaction poolers.
 */
export function actor({ setting = 'slipway.actor' }: ActorOptions = {}): Extension {
  const sql = 'SELECT set_config($1, $2, true)'
  return createExtension((client) => {
    const plain = plainClient(client)
    const transaction = plain.$transaction.bind(plain) as unknown as (
      operations: readonly PromiseLike<unknown>[],
    ) => Promise<unknown[]>
    return {
      name: 'actor',
      onOperation: async ({ action, inTransaction }, next) => {
        const user = currentActor()
        if (user === undefined || inTransaction || isRead(action)) return await next()
        const results = await transaction([plain.$executeRawUnsafe(sql, setting, user), next()])
        return results[1]
      },
      onTransaction: async ([work, ...options], run) => {
        const user = currentActor()
        if (user === undefined) return await run([work, ...options])
        if (typeof work === 'function') {
          const withSetting = async (tx: AnyClient) => {
            await asInternalWork(() => tx.$executeRawUnsafe(sql, setting, user))
            return (await work(tx)) as unknown
          }
          return await run([withSetting, ...options])
        }
        const operations = [plain.$executeRawUnsafe(sql, setting, user), ...(work as unknown[])]
        const [, ...results] = (await run([operations, ...options])) as unknown[]
        return results
      },
    }
  })
}
