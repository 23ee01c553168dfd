import type { Session } from '../database/index.ts'
import type { Migration } from '../statements/index.ts'
import type { Unobserved } from './consent.ts'

/**
 * Describes concurrent index builds whose functions may change rows. A build runs outside the transaction, so
 * its effects cannot be observed. PostgreSQL lets an immutable function call a volatile one.
 */
export async function readUnobservableBuilds(
  session: Session,
  migrations: readonly Pick<Migration, 'name' | 'statements'>[],
): Promise<Unobserved[]> {
  const unseen: Unobserved[] = []
  for (const { name, statements } of migrations) {
    for (const { number, role, actions } of statements) {
      const calls = actions.flatMap((action) =>
        action.kind === 'create-index' && role.kind === 'alone' ? (action.calls ?? []) : [],
      )
      if (calls.length > 0 && (await mayChangeRows(session, calls)))
        unseen.push({
          what: 'unobserved',
          migration: name,
          statement: number,
          why: 'runs outside the transaction',
        })
    }
  }
  return unseen
}

/**
 * Whether one of these functions is unknown, runs dynamic SQL, or names a volatile function that is not
 * written in C.
 */
async function mayChangeRows(session: Session, calls: readonly string[]): Promise<boolean> {
  const [row] = await session.query<{ readonly may: boolean }>(
    `WITH written AS (SELECT p.proname::text AS name, p.provolatile = 'v' AS is_volatile, pg_catalog.pg_get_functiondef(p.oid) AS body
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        WHERE l.lanname NOT IN ('internal', 'c') AND p.prokind <> 'a')
      SELECT EXISTS (SELECT FROM pg_catalog.unnest($1::text[]) AS called (name)
          WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.proname = called.name))
        OR EXISTS (SELECT FROM written f WHERE f.name = ANY ($1) AND (f.body ILIKE '%execute%'
          OR EXISTS (SELECT FROM written v WHERE v.is_volatile AND v.name <> f.name
            AND f.body ~* ('\\m' || pg_catalog.regexp_replace(v.name, '(\\W)', '\\\\\\1', 'g') || '\\M')))) AS may`,
    [calls],
  )
  return row?.may !== false
}
