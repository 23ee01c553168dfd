import type { ByDialect } from '../database/index.ts'
import { raise } from './failures.ts'
import { draftSquash as draftPostgres, type Squash, type SquashRequest } from './squash.ts'

const SQUASHES: ByDialect<(request: SquashRequest) => Promise<Squash>> = {
  postgres: draftPostgres,
  sqlite: async () =>
    raise('SQUASH.NOT_SUPPORTED', {
      message: 'Slipway squashes migrations of PostgreSQL only.',
      why: 'SQLite replays even a long history within seconds, so a squash would save little. Nothing was changed.',
    }),
}

/**
 * Writes one migration that replaces several: see `squash.ts`. Fails with SQUASH.NOT_SUPPORTED on SQLite.
 */
export async function draftSquash(request: SquashRequest): Promise<Squash> {
  return await SQUASHES[request.shadow.dialect](request)
}
