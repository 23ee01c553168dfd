import type { Session } from '../../database/index.ts'
import {
  type Destruction,
  isSameObject,
  objectKey,
  type ObjectRef,
  schemaRef,
  type TableRef,
  tableRef,
} from '../../statements/index.ts'

/** The last number of each sequence, by `objectKey`. */
export type Positions = ReadonlyMap<string, Position>

interface Position {
  readonly sequence: ObjectRef
  /** The tables with a column that it numbers. */
  readonly numbers: readonly TableRef[]
  readonly last: bigint
  readonly step: bigint
}

const OF_USERS = `schemaname NOT IN ('information_schema', 'slipway') AND schemaname !~ '^pg_'`

/** Takes numbers from each sequence: an unused one would not show whether its position is lost. */
export async function advanceSequences(session: Session): Promise<void> {
  await session.query(
    `SELECT nextval(format('%I.%I', schemaname, sequencename)::regclass) FROM pg_sequences, generate_series(1, 3)
     WHERE ${OF_USERS} AND (max_value::numeric - min_value) / abs(increment_by) > 1000`,
  )
}

/** Reads the positions of the sequences from which a number was taken. */
export async function readPositions(session: Session): Promise<Positions> {
  const rows = await session.query<PositionRow>(
    `SELECT schemaname AS schema, sequencename AS name, last_value::text AS last, increment_by::text AS step, ARRAY(
       SELECT ARRAY[n.nspname, c.relname]::text[] FROM pg_depend d LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
         JOIN pg_class c ON c.oid = coalesce(f.adrelid, d.refobjid) JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE s.oid = CASE WHEN f.oid IS NULL THEN d.objid ELSE d.refobjid END AND (f.oid IS NOT NULL
           OR d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))) AS numbers
     FROM pg_sequences CROSS JOIN LATERAL (SELECT format('%I.%I', schemaname, sequencename)::regclass AS oid) AS s
     WHERE ${OF_USERS} AND last_value IS NOT NULL`,
  )
  const { schema: defaultSchema } = session.server
  return new Map(
    rows.map(({ schema, name, last, step, numbers: tables }) => {
      const sequence = { kind: 'sequence' as const, schema: schemaRef(schema, defaultSchema), name }
      const numbers = tables.map(([home = '', table = '']) =>
        tableRef({ defaultSchema }, { schema: home, name: table }),
      )
      return [objectKey(sequence), { sequence, numbers, last: BigInt(last), step: BigInt(step) }]
    }),
  )
}

// A type alias: a row of a query has an index signature, which an interface lacks.
type PositionRow = {
  readonly schema: string
  readonly name: string
  readonly last: string
  readonly step: string
  readonly numbers: readonly (readonly string[])[]
}

/** The sequences that are ahead of their previous position. */
export function passedPositions(before: Positions, now: Positions): ObjectRef[] {
  return [...before].flatMap(([key, { sequence, last, step }]) => {
    const left = now.get(key)
    const isAhead = left !== undefined && (step > 0n ? left.last > last : left.last < last)
    return isAhead ? [sequence] : []
  })
}

/** The sequences that were dropped, or that would reuse a number. */
export function lostPositions(before: Positions, now: Positions): Destruction[] {
  return positionsBehind(before, now).map(({ sequence }) => ({ what: 'object', object: sequence }))
}

/** The sequences that will reuse numbers of rows removed from these tables. */
export function repeatedNumbers(
  before: Positions,
  now: Positions,
  removedFrom: readonly ObjectRef[],
): ObjectRef[] {
  return positionsBehind(before, now)
    .filter(({ numbers }) =>
      numbers.some((table) => removedFrom.some((one) => isSameObject(one, table))),
    )
    .map(({ sequence }) => sequence)
}

function positionsBehind(before: Positions, now: Positions): Position[] {
  return [...before].flatMap(([key, position]) => {
    const { last, step } = position
    const left = now.get(key)
    const isBehind = left === undefined || (step > 0n ? left.last < last : left.last > last)
    return isBehind ? [position] : []
  })
}
