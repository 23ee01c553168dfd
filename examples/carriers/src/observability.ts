import { createHealth, type Health, migrationsIn } from 'slipway-runtime/health'
import { database } from './db.ts'

let health: Promise<Health> | undefined

/** The health of this instance, for the routes under /api/health. */
export function healthOfInstance(): Promise<Health> {
  return (health ??= create())
}

async function create(): Promise<Health> {
  const { prisma, pool, replicas } = await database()
  const token = process.env['HEALTH_TOKEN']
  return createHealth({
    prisma,
    ...(pool && { pool }),
    ...(replicas && { replicas }),
    migrations: { expected: migrationsIn('prisma/migrations') },
    ...(token && { token }),
  })
}
