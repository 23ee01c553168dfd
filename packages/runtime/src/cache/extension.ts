import { AsyncLocalStorage } from 'node:async_hooks'
import { dataModelOf } from '../datamodel.ts'
import { classifyError } from '../errors/index.ts'
import { isInternalWork, withOperation } from '../operation.ts'
import {
  createExtension,
  type Extension,
  isInTransaction,
  isRead,
  type QueryParams,
} from '../prisma.ts'
import { withConsistency } from '../replicas/consistency.ts'
import type { Cache } from './store.ts'
import { tagsOfRead, tagsOfWrite } from './tags.ts'
import { argumentsKey } from './values.ts'

/** What was changed, by tags, or everything. */
interface Changes {
  readonly tags: Set<string>
  everything: boolean
}

const transactions = new AsyncLocalStorage<Changes>()

/**
 * A Prisma extension that caches the results of reads outside transactions, of the models that the cache names. Writes
 * invalidate after they are committed: their own rows and lists, those of nested writes and of cascading deletes, and
 * every result that includes them. `$executeRaw` invalidates everything, `$queryRaw` nothing. Results to be cached are read
 * from the primary.
 */
export function cache(store: Cache): Extension {
  const keyField = (model: string) => store.options.models[model]?.key ?? 'id'

  return createExtension((client) => {
    const dataModel = dataModelOf(client)
    const read = (params: QueryParams): Promise<unknown> => {
      const options = store.options.models[params.model ?? '']
      const isCached = options && (options.operations?.includes(params.operation) ?? true)
      const args = isCached ? argumentsKey(params.args) : undefined
      if (!options || args === undefined) return params.query(params.args)
      return withOperation(params, async (operation) => {
        const key = `${params.model}.${params.operation} ${args}`
        const tags = tagsOfRead(params, dataModel, keyField)
        let isQueried = false
        const result = await store.getOrQuery({ key, tags, model: options }, async () => {
          // A replica that is behind would put an old result under the new generation.
          const fresh = await withConsistency('primary', () => params.query(params.args))
          isQueried = true
          return fresh
        })
        // A stale result is given while its successor is still being read.
        operation.source = isQueried ? 'primary' : 'cache'
        return result
      })
    }
    const write = async (params: QueryParams): Promise<unknown> => {
      let result: unknown
      try {
        result = await params.query(params.args)
      } catch (error) {
        if (!classifyError(error).nothingChanged)
          await invalidate(store, changesOf(params, undefined))
        throw error
      }
      await invalidate(store, changesOf(params, result))
      return result
    }
    const changesOf = (params: QueryParams, result: unknown): Changes => {
      if (params.model === undefined) {
        // Prisma's `$queryRaw` is for queries, `$executeRaw` for changes.
        return { tags: new Set(), everything: params.operation.startsWith('$executeRaw') }
      }
      return {
        tags: new Set(tagsOfWrite(params, result, { dataModel, keyField })),
        everything: false,
      }
    }
    return {
      name: 'slipway-cache',
      onOperation: (params) => {
        if (isInternalWork()) return params.query(params.args)
        if (!isRead(params.operation)) return write(params)
        return isInTransaction(params) ? params.query(params.args) : read(params)
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

/** Invalidates what was changed: now, or when the transaction in whose course this runs has ended. */
async function invalidate(store: Cache, changes: Changes): Promise<void> {
  const transaction = transactions.getStore()
  if (!transaction) return await publish(store, changes)
  for (const tag of changes.tags) transaction.tags.add(tag)
  transaction.everything ||= changes.everything
}

async function publish(store: Cache, changes: Changes): Promise<void> {
  if (changes.everything) return await store.invalidate(...Object.keys(store.options.models))
  if (changes.tags.size > 0) await store.invalidateTags([...changes.tags])
}
