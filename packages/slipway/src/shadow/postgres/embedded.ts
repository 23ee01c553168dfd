import { type Embedded, type Session, withEmbedded } from '../../database/index.ts'
import { extensionsIn, type MigrationFile } from '../../statements/index.ts'
import { keysOf } from '../history-key.ts'
import { begin, replay } from '../replay.ts'
import type { ShadowOptions } from '../shadow-database.ts'
import { shadowSchema } from '../shadow-schema.ts'
import { createImageCache, type ImageCache } from './image-cache.ts'

/** Must change with the embedded server or the way of replaying, so that older images are not used. */
const IMAGE_FORMAT = 'pglite-0.5.16/3'

const MIN_MS_FOR_IMAGE = 500

/**
 * Gives `work` a throw-away database with the given history, replayed on the embedded PostgreSQL in the memory of this
 * process. The replayed history is kept as an image, by its content.
 */
export async function withEmbeddedShadowDatabase<T>(
  options: ShadowOptions,
  history: readonly MigrationFile[],
  work: (session: Session) => Promise<T>,
  upcoming: readonly MigrationFile[] = [],
): Promise<T> {
  const cache = createImageCache(options.cacheDir)
  const extensions = await extensionsIn([
    options.initScript ?? '',
    ...[...history, ...upcoming].map(({ sql }) => sql),
  ])
  const schema = shadowSchema(options)
  const keys = keysOf([IMAGE_FORMAT, schema, options.initScript ?? '', ...extensions], history)
  const start = longestKnown(cache, keys)
  const image = start < 0 ? undefined : cache.load(keys[start] ?? '')
  return await withEmbedded({ image, extensions, schema }, async (embedded) => {
    await replayRest(embedded, cache, { keys, from: image ? start : -1, history, options })
    return await work(embedded.session)
  })
}

interface ReplayPlan {
  readonly keys: readonly string[]
  /** Index of the key whose state the embedded database has; -1 for a fresh one. */
  readonly from: number
  readonly history: readonly MigrationFile[]
  readonly options: ShadowOptions
}

async function replayRest(
  embedded: Embedded,
  cache: ImageCache,
  replayPlan: ReplayPlan,
): Promise<void> {
  const { keys, from, history, options } = replayPlan
  if (from < 0) {
    await begin(embedded.session, options.initScript)
    await keep(embedded, cache, keys[0])
  }
  const rest = history.slice(Math.max(from, 0))
  if (rest.length === 0) return
  const began = performance.now()
  await replay(embedded.session, rest)
  // Creating an image takes about a second, which is not worth it for a history that replays faster.
  if (performance.now() - began > MIN_MS_FOR_IMAGE) await keep(embedded, cache, keys.at(-1))
}

async function keep(embedded: Embedded, cache: ImageCache, key: string | undefined): Promise<void> {
  if (key !== undefined && !cache.has(key)) cache.store(key, await embedded.image())
}

function longestKnown(cache: ImageCache, keys: readonly string[]): number {
  return keys.findLastIndex((key) => cache.has(key))
}
