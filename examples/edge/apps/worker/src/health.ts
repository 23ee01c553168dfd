import { readMigrationState } from '@edge/database'
import { Hono } from 'hono'
import type { Env } from './env.ts'

/**
 * Responds 200 with `ok`, or with `ahead` if the database already has migrations of the next build; or 503 with
 * `behind` if the database lacks migrations of this build. The smoke test of a release calls it.
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
