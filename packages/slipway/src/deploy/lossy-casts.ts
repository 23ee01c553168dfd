import type { Session } from '../database/index.ts'
import { parseSqlType } from '../kernel/index.ts'
import { holdsAllOf } from '../schema/index.ts'
import { type Action, type Migration, partRef, tableRef } from '../statements/index.ts'
import type { MigrationLoss } from './consent.ts'

type TypeChange = Extract<Action, { kind: 'change-type' }>

/**
 * The columns of a target whose values migrations cast to a type that cannot hold all of them, where the server does not refuse
 * what it cannot hold: it rounds, cuts or normalizes. That needs the types that the columns have.
 */
export async function readLossyCasts(
  session: Session,
  migrations: readonly Pick<Migration, 'name' | 'statements'>[],
): Promise<MigrationLoss[]> {
  const changes = migrations.flatMap(({ name, statements }) =>
    statements.flatMap(({ actions }) =>
      actions.flatMap((action) =>
        action.kind === 'change-type' ? [{ migration: name, change: action }] : [],
      ),
    ),
  )
  const lost: MigrationLoss[] = []
  for (const { migration, change } of changes) {
    const table = tableRef({ defaultSchema: session.server.schema }, change.table)
    const object = partRef('column', table, change.column)
    if (await isLossy(session, change)) lost.push({ migration, what: 'values', object })
  }
  return lost
}

async function isLossy(session: Session, change: TypeChange): Promise<boolean> {
  const { table, column, type, using, casts = [] } = change
  // Another expression computes the values, and is a loss whatever it gives.
  if (using !== undefined && change.casts === undefined) return false
  const types = casts.at(-1) === type ? casts : [...casts, type]
  const [row] = await session.query<{ readonly type: string | null; readonly own: boolean[] }>(
    `SELECT (SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname, c.relname, a.attname) = ($1, $2, $3)) AS type,
      ARRAY(SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = pg_catalog.to_regtype(name)
          AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace)
        FROM pg_catalog.unnest($4::text[]) WITH ORDINALITY AS types (name, place) ORDER BY place) AS own`,
    [table.schema ?? session.server.schema, table.name, column, types],
  )
  // Of a column that is renamed or made before, its own statements say more.
  if (row?.type === undefined || row.type === null) return false
  const steps = [row.type, ...types]
  return types.some(
    (to, place) => !row.own[place] && losesSilently(steps[place] ?? '', to, place < casts.length),
  )
}

/** Whether a cast gives a value where the type does not hold the one before. A cast that is written out cuts texts. */
function losesSilently(from: string, to: string, isWritten: boolean): boolean {
  if (holdsAllOf(from, to)) return false
  const [before, after] = [parseSqlType(from).name, parseSqlType(to).name]
  if (INTEGERS.has(before) && INTEGERS.has(after)) return false
  return isWritten || !(TEXTS.has(before) && TEXTS.has(after))
}

const INTEGERS: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint'])
const TEXTS: ReadonlySet<string> = new Set(['text', 'character varying', 'character'])
