import { readDownFacts } from '../down/index.ts'
import type { Receipt } from '../execution/index.ts'
import { type Kept, keptData } from '../safekeeping/index.ts'
import { type Choice, referenceOf } from '../schema/index.ts'
import {
  type Destruction,
  destructionKey,
  type Marker,
  matchesChecksum,
  objectKey,
  type ObjectRef,
  partRef,
  type Statement,
  type StatementParser,
} from '../statements/index.ts'
import type { PreparedDown } from './prepared-down.ts'

/** Something that a down migration cannot promise, reported before it runs. */
export type Announcement =
  /** migration.sql was edited after the down migration was written. */
  | { readonly kind: 'stale' }
  /** Data that the migration destroyed. `kept`: the target still has it, and the rollback restores it. */
  | { readonly kind: 'loss'; readonly loss: Destruction; readonly kept: boolean }
  /** Rows or a person must decide. */
  | ({ readonly kind: 'choice' } & Choice)
  | { readonly kind: 'irreversible'; readonly reason: string }
  /** What these statements of the migration wrote stays as it is. */
  | { readonly kind: 'rows'; readonly statements: readonly number[] }
  /** A line in the head of a down.sql that a person or an older Slipway wrote: `word` says what it is about. */
  | {
      readonly kind: 'note'
      readonly word: 'choice' | 'lossy' | 'irreversible'
      readonly text: string
    }

/** What the head of a down.sql announces. `up` is the text of the migration that it rolls back. */
export async function announcementsIn(
  { markersIn }: Pick<StatementParser, 'markersIn'>,
  { down, up }: { readonly down: string; readonly up: string },
): Promise<Announcement[]> {
  const markers = markersIn(down)
  const written = markers.find(({ name }) => name === 'checksum')?.value
  const stale = written !== undefined && !matchesChecksum(up, written)
  return [...(stale ? [{ kind: 'stale' as const }] : []), ...(await factsOf(markers))]
}

async function factsOf(markers: readonly Marker[]): Promise<Announcement[]> {
  const facts = await readDownFacts(markers)
  if (facts === undefined) return markers.flatMap(noteOf)
  const { losses, choices, obstacle } = facts
  return [
    ...losses.map((loss) => ({ kind: 'loss' as const, loss, kept: false })),
    ...choices.map((choice) => ({ kind: 'choice' as const, ...choice })),
    ...(obstacle === null ? [] : [{ kind: 'irreversible' as const, reason: obstacle }]),
  ]
}

/** The lines of a head without facts are passed on as they are: nothing is concluded from them. */
function noteOf({ name, value: text }: Marker): Announcement[] {
  const word = NOTES.find((one) => one === name)
  return word === undefined || text === '' ? [] : [{ kind: 'note', word, text }]
}

const NOTES = ['choice', 'lossy', 'irreversible'] as const

/** What is known of a target where a down migration is announced. */
interface TargetFacts {
  /** What was kept of the migration, and what could not be. */
  readonly kept: readonly Kept[]
  /** The schema that a name without one goes to. */
  readonly schema: string
}

/**
 * What a down migration announces on this target. Kept data is not a loss, nor is a column whose values
 * the server computes, and restored rows do not remain as the migration wrote them.
 */
export function announcedOn(
  { announced, plan, wrote }: PreparedDown,
  { kept, schema }: TargetFacts,
): Announcement[] {
  const computed = new Set(computedColumns(plan.statements, schema).map(objectKey))
  const returning = keysOfKept(kept)
  const relevant = announced.flatMap((one): Announcement[] => {
    if (one.kind !== 'loss') return [one]
    if (computed.has(objectKey(one.loss.object))) return []
    return [{ ...one, kept: returning.has(destructionKey(one.loss)) }]
  })
  const statements = wrote.filter((statement) => !isPutBack(statement, kept))
  return [...relevant, ...(statements.length > 0 ? [{ kind: 'rows' as const, statements }] : [])]
}

/** Down migrations after their run: what rows had to decide is decided where it went through. */
export function decided(
  downs: readonly PreparedDown[],
  receipts: readonly Receipt[],
): PreparedDown[] {
  return downs.map((down, index) => {
    if (receipts[index]?.status !== 'done') return down
    return { ...down, announced: down.announced.filter((one) => !isOpen(one)) }
  })
}

function isOpen(one: Announcement): boolean {
  const about = one.kind === 'note' ? one.word : one.kind
  return about === 'choice' || about === 'irreversible'
}

/** The columns that statements add and whose values the server computes. */
function computedColumns(statements: readonly Statement[], defaultSchema: string): ObjectRef[] {
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action): ObjectRef[] => {
      if (action.kind !== 'add-column') return []
      const { filledBy, name } = action.column
      if (filledBy !== 'stored' && filledBy !== 'virtual') return []
      return [partRef('column', referenceOf({ defaultSchema }, action.table), name)]
    }),
  )
}

/** What an earlier rollback restored is of an earlier deploy. */
function isPutBack(statement: number, kept: readonly Kept[]): boolean {
  const own = kept.filter((one) => one.statement === statement && one.state !== 'restored')
  return own.length > 0 && own.every(({ state, returns }) => state === 'kept' && returns)
}

/** The data that is kept and restored. */
function keysOfKept(all: readonly Kept[]): Set<string> {
  const data = all
    .filter(({ state, returns }) => state === 'kept' && returns)
    // Of updated rows the columns are named, too.
    .flatMap((one) => (one.kind === 'rows' ? [one, { ...one, kind: 'columns' as const }] : [one]))
    .flatMap(keptData)
  return new Set(data.map(destructionKey))
}
