import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** Refuses to copy rows between databases, which only PostgreSQL supports. */
export async function refuseSync(): Promise<never> {
  return raise('SEEDS.NOT_ON_SQLITE', {
    message: 'Slipway cannot copy rows from one SQLite or D1 database to another yet.',
    why: 'seed sync works on PostgreSQL only.',
    nextActions: [
      advice('Write the rows to files with seed export, and run the set on the other database.'),
    ],
  })
}
