import { type ByDialect, dialectOf } from '../database/index.ts'
import type { Adopted, AdoptRequest } from './adopt.ts'
import { inspectDrift as inspectPostgres } from './drift.ts'
import type { DriftReport, DriftRequest } from './inspect.ts'

/** How databases of one dialect are compared with their history. */
interface Comparing {
  inspect(request: DriftRequest): Promise<DriftReport>
  adopt(request: AdoptRequest): Promise<Adopted>
}

const DIALECTS: ByDialect<Comparing> = {
  postgres: {
    inspect: inspectPostgres,
    adopt: async (request) => await (await import('./adopt.ts')).adoptDrift(request),
  },
  sqlite: {
    inspect: async (request) => await (await import('./sqlite/inspect.ts')).inspectSqlite(request),
    adopt: async (request) => await (await import('./sqlite/adopt.ts')).adoptSqlite(request),
  },
}

/**
 * Compares a target with its history, replayed on a shadow database. Changes nothing on the target and takes
 * no lock.
 */
export async function inspectDrift(request: DriftRequest): Promise<DriftReport> {
  return await DIALECTS[dialectOf(request.address)].inspect(request)
}

/** Writes a migration from a target's drift: see `adopt.ts`. */
export async function adoptDrift(request: AdoptRequest): Promise<Adopted> {
  return await DIALECTS[dialectOf(request.address)].adopt(request)
}
