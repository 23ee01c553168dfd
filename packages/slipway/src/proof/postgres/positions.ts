import type { Session } from '../../database/index.ts'
import { type Destruction, objectKey, type ObjectRef, schemaRef } from '../../statements/index.ts'

/** The number that each sequence has reached, by `objectKey`. */
export type Positions = ReadonlyMap<string, Position>

interface Position {
  readonly sequence: ObjectRef
  readonly last: bigint
  readonly step: bigint
}

const OF_USERS = `schemaname NOT IN ('information_schema', 'slipway') AND schemaname !~ '^pg_'`

/** Takes numbers from each sequence: one at its start shows nothing of what becomes of its position. */
export async function advanceSequences(session: Session): Promise<void> {
  await session.query(
    `SELECT nextval(format('%I.%I', schemaname, sequencename)::regclass) FROM pg_sequences, generate_series(1, 3)
     WHERE ${OF_USERS} AND (max_value::numeric - min_value) / abs(increment_by) > 1000`,
  )
}

/** Reads the positions of the sequences from which a number was taken. */
export async function readPositions(session: Session): Promise<Positions> {
  const rows = await session.query<{ schema: string; name: string; last: string; step: string }>(
    `SELECT schemaname AS schema, sequencename AS name, last_value::text AS last, increment_by::text AS step
     FROM pg_sequences WHERE ${OF_USERS} AND last_value IS NOT NULL`,
  )
  return new Map(
    rows.map(({ schema, name, last, step }) => {
      const home = schemaRef(schema, session.server.schema)
      const sequence = { kind: 'sequence' as const, schema: home, name }
      return [objectKey(sequence), { sequence, last: BigInt(last), step: BigInt(step) }]
    }),
  )
}

/** The sequences that give later numbers than before. */
export function passedPositions(before: Positions, now: Positions): ObjectRef[] {
  return [...before].flatMap(([key, { sequence, last, step }]) => {
    const left = now.get(key)
    const isAhead = left !== undefined && (step > 0n ? left.last > last : left.last < last)
    return isAhead ? [sequence] : []
  })
}

/** The sequences that are gone, or that would give a number again. */
export function lostPositions(before: Positions, now: Positions): Destruction[] {
  return [...before].flatMap(([key, { sequence, last, step }]): Destruction[] => {
    const left = now.get(key)
    const isBehind = left === undefined || (step > 0n ? left.last < last : left.last > last)
    return isBehind ? [{ what: 'object', object: sequence }] : []
  })
}
