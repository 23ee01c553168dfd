import { quoteIdentifier, type Session } from '../database/index.ts'
import { attempt, type Failure, parseSqlType, rethrow } from '../kernel/index.ts'
import { holdsAllOf } from '../schema/index.ts'
import { type Action, type Migration, partRef, tableRef } from '../statements/index.ts'
import type { MigrationLoss } from './consent.ts'

type TypeChange = Extract<Action, { kind: 'change-type' }>

/**
 * The target's columns whose values migrations cast to a type that cannot hold all of them, if the server
 * does not refuse such values but rounds, truncates or normalizes them. Reads the columns' current types.
 * `cuts`: only columns with an existing value that would change.
 */
export async function readLossyCasts(
  session: Session,
  migrations: readonly Pick<Migration, 'name' | 'statements'>[],
  { cuts = false }: { readonly cuts?: boolean } = {},
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
    const isLost = (await isLossy(session, change)) && (!cuts || (await cutsValue(session, change)))
    if (isLost) lost.push({ migration, what: 'values', object })
  }
  return lost
}

/**
 * The types from a column's current one to its new one, domains as their base types. Place 0 is missing if
 * the column does not exist.
 */
const STEPS_SQL = `WITH RECURSIVE given (place, name, id, modifier) AS (
    SELECT 0, NULL::text, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE (n.nspname, c.relname, a.attname) = ($1, $2, $3)
    UNION ALL SELECT place::int, name, pg_catalog.to_regtype(name)::oid, -1
      FROM pg_catalog.unnest($4::text[]) WITH ORDINALITY AS types (name, place)
  ), made (place, depth, name, id, modifier) AS (
    SELECT place, 0, name, id, modifier FROM given
    UNION ALL SELECT place, depth + 1, NULL, t.typbasetype, t.typtypmod
      FROM made JOIN pg_catalog.pg_type t ON t.oid = made.id AND t.typtype = 'd'
  )
  SELECT DISTINCT ON (place) place, coalesce(name, pg_catalog.format_type(id, modifier)) AS type,
    t.typnamespace IS DISTINCT FROM 'pg_catalog'::pg_catalog.regnamespace AS own
  FROM made LEFT JOIN pg_catalog.pg_type t ON t.oid = made.id ORDER BY place, depth DESC`

async function isLossy(session: Session, change: TypeChange): Promise<boolean> {
  const { table, column, type, using, casts = [] } = change
  // Any other expression computes the values, which `destroyedBy` reports as a loss.
  if (using !== undefined && change.casts === undefined) return false
  const types = casts.at(-1) === type ? casts : [...casts, type]
  const steps = await session.query<{ place: number; type: string; own: boolean }>(STEPS_SQL, [
    table.schema ?? session.server.schema,
    table.name,
    column,
    types,
  ])
  // The column does not exist yet, because an earlier statement renames or adds it.
  if (steps[0]?.place !== 0) return false
  return steps.some(
    ({ type: to, own }, place) =>
      place > 0 && !own && losesSilently(steps[place - 1]?.type ?? '', to, place <= casts.length),
  )
}

/**
 * Whether a value on the target changes if it is cast and cast back, or cannot be cast back. A value that the
 * cast refuses does not count, because it also stops the statement. If the role cannot find out, all count.
 */
async function cutsValue(session: Session, change: TypeChange): Promise<boolean> {
  const { table, column, type, casts = [] } = change
  const from = `${quoteIdentifier(table.schema ?? session.server.schema)}.${quoteIdentifier(table.name)}`
  const name = quoteIdentifier(column)
  const [row] = await session.query<{ type: string }>(
    `SELECT pg_catalog.format_type(atttypid, atttypmod) AS type FROM pg_catalog.pg_attribute
     WHERE attrelid = pg_catalog.to_regclass($1) AND attname = $2`,
    [from, column],
  )
  if (row === undefined) return false
  const cast = [...casts, type].map((one) => `::${one}`).join('')
  const hasRow = async (condition: string) => {
    const found = await attempt(() =>
      session.query<{ found: boolean }>(
        `SELECT EXISTS (SELECT FROM ${from} WHERE ${condition}) AS found`,
      ),
    )
    return found.ok ? found.value[0]?.found === true : reasonOf(found.failure)
  }
  const changed = await hasRow(`(${name}${cast}::${row.type})::text IS DISTINCT FROM ${name}::text`)
  if (changed !== 'refused') return changed !== false
  // Which of the two casts was refused?
  const isRefused =
    (await hasRow(`(${name}${cast})::text IS NULL AND ${name} IS NOT NULL`)) === 'refused'
  return !isRefused
}

/** Why a cast could not be tried: a value was refused, or there is no cast or no privilege. Others are raised. */
function reasonOf(failure: Failure): 'refused' | 'unknown' {
  const errorClass = failure.server?.sqlstate.slice(0, 2)
  if (errorClass === '42') return 'unknown'
  return REFUSALS.has(errorClass ?? '') ? 'refused' : rethrow(failure)
}

/** Classes of SQLSTATE: data exception, violated constraint of a domain, error of a cast's own function. */
const REFUSALS: ReadonlySet<string> = new Set(['22', '23', 'P0'])

/**
 * Whether a cast changes a value that the new type cannot hold, instead of failing. An explicit cast
 * truncates texts.
 */
function losesSilently(from: string, to: string, isWritten: boolean): boolean {
  if (holdsAllOf(from, to)) return false
  const [before, after] = [parseSqlType(from).name, parseSqlType(to).name]
  if (INTEGERS.has(before) && INTEGERS.has(after)) return false
  return isWritten || !(TEXTS.has(before) && TEXTS.has(after))
}

const INTEGERS: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint'])
const TEXTS: ReadonlySet<string> = new Set(['text', 'character varying', 'character'])
