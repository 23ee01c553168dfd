import { dbmate } from './dbmate.ts'
import { drizzle } from './drizzle.ts'
import { knex } from './knex.ts'
import { nodePgMigrate } from './node-pg-migrate.ts'
import type { Peer } from './peer.ts'
import { prismaEngine } from './prisma-engine.ts'
import { psql, psqlOnce } from './psql.ts'
import { slipway } from './slipway.ts'

/** All peers, in the order of the tables. */
export const peers: readonly Peer[] = [
  slipway,
  psql,
  psqlOnce,
  dbmate,
  nodePgMigrate,
  drizzle,
  knex,
  prismaEngine,
]
