import { type ByDialect, dialectOf } from '../database/index.ts'
import { command } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { inspectPostgres, type Inspection, type InspectRequest } from './inspect.ts'

const INSPECTIONS: ByDialect<(request: InspectRequest) => Promise<Inspection>> = {
  postgres: inspectPostgres,
  sqlite: async () =>
    raise('INSPECT.NOT_SUPPORTED', {
      message: 'Slipway inspects PostgreSQL only.',
      why: 'It reads the statistics of the server, and SQLite and Cloudflare D1 keep none.',
      nextActions: [
        command(['status'], 'see the size and the usage of the database'),
        command(['doctor'], 'see whether the file and its references are intact'),
      ],
    }),
}

/** Examines the health of a target: see `inspectPostgres`. Fails with INSPECT.NOT_SUPPORTED on SQLite. */
export async function inspectTarget(request: InspectRequest): Promise<Inspection> {
  return await INSPECTIONS[dialectOf(request.address)](request)
}
