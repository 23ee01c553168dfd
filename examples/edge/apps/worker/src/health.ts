import { readMigrationState } from '@edge/database'
import { Hono } from 'hono'
import type { Env } from './env.ts'

/**
 * `ok`, or `ahead` while the database already has migrations of the next build: both 200. `behind` is 503: this build
 * expects a schema that the database does not have. The smoke test of a release asks here.
 */
export const health = new Hono<{ Bindings: Env }>().get('/', async (context) => {
  try {
    const migrations = await readMigrationState(context.env.DB)
    if (migrations.pending.length > 0) return context.json({ status: 'behind', migrations }, 503)
    const status = migrations.ahead.length > 0 ? 'ahead' : 'ok'
    return context.json({ status, migrations })
  } catch (error) {
    console.error(error)
    return context.json({ status: 'unreachable' }, 503)
  }
})
