import { dataModelOf } from '../datamodel.ts'
import { classifyError } from '../errors/index.ts'
import { createExtension, type Extension } from '../extension.ts'
import type { Operation } from '../operation.ts'
import { isRead } from '../prisma.ts'
import { withConsistency } from '../replicas/consistency.ts'
import { sharedStorage } from '../storage.ts'
import type { Cache } from './store.ts'
import { tagsOfRead, tagsOfWrite } from './tags.ts'
import { argumentsKey } from './values.ts'

/** What a write changed: these tags, or everything. */
interface Changes {
  readonly tags: Set<string>
  everything: boolean
}

const transactions = sharedStorage<Changes>('cache-transaction')

/**
 * A Prisma extension that caches reads of the models that the cache names, except reads inside a transaction. Writes
 * invalidate after they are committed: their own rows and lists, those of nested writes and of cascades, and every
 * result that includes them. `$executeRaw` invalidates everything, `$queryRaw` nothing. Results to be cached are read
 * from the primary.
 */
export function cache(store: Cache): Extension {
  const keyField = (model: string) => store.options.models[model]?.key ?? 'id'

  return createExtension((client) => {
    const dataModel = dataModelOf(client)
    const read = async (operation: Operation, next: () => Promise<unknown>) => {
      const { model = '', action } = operation
      const options = store.options.models[model]
      const isCached = options && (options.operations?.includes(action) ?? true)
      const args = isCached ? argumentsKey(operation.args) : undefined
      if (!options || args === undefined) return await next()
      const key = `${model}.${action} ${args}`
      const tags = tagsOfRead(operation, dataModel, keyField)
      let isQueried = false
      const result = await store.getOrQuery({ key, tags, model: options }, async () => {
        // A replica that is behind would store an old result under the new generation.
        const fresh = await withConsistency('primary', next)
        isQueried = true
        return fresh
      })
      // A stale result is returned while a new one is still being read.
      operation.source = isQueried ? 'primary' : 'cache'
      return result
    }
    const write = async (operation: Operation, next: () => Promise<unknown>) => {
      let result: unknown
      try {
        result = await next()
      } catch (error) {
        if (!classifyError(error).nothingChanged) await invalidate(operation, undefined)
        throw error
      }
      await invalidate(operation, result)
      return result
    }
    /** Invalidates what was changed: immediately, or when the transaction of the operation has ended. */
    const invalidate = async (operation: Operation, result: unknown) => {
      const changes = changesOf(operation, result)
      const transaction = operation.inTransaction ? transactions.getStore() : undefined
      if (!transaction) return await publish(store, changes)
      for (const tag of changes.tags) transaction.tags.add(tag)
      transaction.everything ||= changes.everything
    }
    const changesOf = (operation: Operation, result: unknown): Changes => {
      if (operation.model === undefined) {
        // Prisma's `$queryRaw` is for queries, `$executeRaw` for changes.
        return { tags: new Set(), everything: operation.action.startsWith('$executeRaw') }
      }
      return {
        tags: new Set(tagsOfWrite(operation, result, { dataModel, keyField })),
        everything: false,
      }
    }
    return {
      name: 'cache',
      onOperation: (operation, next) => {
        if (!isRead(operation.action)) return write(operation, next)
        return operation.inTransaction ? next() : read(operation, next)
      },
      onTransaction: async (args, run) => {
        const changes: Changes = { tags: new Set(), everything: false }
        try {
          return await transactions.run(changes, () => run(args))
        } finally {
          // After a failure, too: the server may have committed anyway.
          await publish(store, changes)
        }
      },
    }
  })
}

async function publish(store: Cache, changes: Changes): Promise<void> {
  if (changes.everything) return await store.invalidate(...Object.keys(store.options.models))
  if (changes.tags.size > 0) await store.invalidateTags([...changes.tags])
}
