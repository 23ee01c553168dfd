import { withSession } from '../src/database/index.ts'
import { preCheck, type PreCheckResult } from '../src/plan/index.ts'
import { parseMigrations } from '../src/statements/index.ts'
import type { TestTarget } from './target.ts'

/** Recreates the schema `public` of a target, and runs the pre-checks of a pending migration. */
export async function checkedRows(
  target: TestTarget,
  { setup, sql }: { readonly setup: string; readonly sql: string },
  options?: Parameters<typeof preCheck>[2],
): Promise<PreCheckResult[]> {
  await target.sql(
    `DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS other CASCADE; ${setup}`,
  )
  const file = { name: '2_next', path: '2_next/migration.sql', sql }
  const plans = await parseMigrations([file], 'postgres')
  return await withSession(target.request([]).address, {}, (session) =>
    preCheck(session, plans, options),
  )
}

/** Whether the server accepts statements. */
export async function serverTakes(target: TestTarget, sql: string): Promise<boolean> {
  return await target.sql(sql).then(
    () => true,
    () => false,
  )
}
