import { locate } from '../database/index.ts'
import type { ShadowOptions } from './shadow-database.ts'

/**
 * The default schema of a project's shadow databases: that of the target, so that an unqualified name means the same
 * there. `public` if no target is known.
 */
export function shadowSchema({ like, target }: ShadowOptions): string {
  if (like) return like.server.schema
  const address = target?.address
  return (address?.kind === 'postgres' ? locate(address.url).schema : undefined) ?? 'public'
}
