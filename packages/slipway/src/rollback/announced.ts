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
  /** A decision that depends on rows or a person. */
  | ({ readonly kind: 'choice' } & Choice)
  | { readonly kind: 'irreversible'; readonly reason: string }
  /** The changes of these statements of the migration are not undone. */
  | { readonly kind: 'rows'; readonly statements: readonly number[] }
  /** A line in the header of a down.sql that a person or an older Slipway wrote. `word` is its subject. */
  | {
      readonly kind: 'note'
      readonly word: 'choice' | 'lossy' | 'irreversible'
      readonly text: string
    }

/** The announcements in the header of a down.sql. `up` is the text of the migration that it rolls back. */
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

/** Lines of a header without facts are passed on unchanged; no conclusions are drawn from them. */
function noteOf({ name, value: text }: Marker): Announcement[] {
  const word = NOTES.find((one) => one === name)
  return word === undefined || text === '' ? [] : [{ kind: 'note', word, text }]
}

const NOTES = ['choice', 'lossy', 'irreversible'] as const

/** What is known about the target of a down migration. */
interface TargetFacts {
  /** The kept data of the migration, and what could not be kept. */
  readonly kept: readonly Kept[]
  /** The schema of unqualified names. */
  readonly schema: string
}

/**
 * The announcements of a down migration on this target. Losses of kept data are marked as kept. A column
 * whose values the server computes is not a loss. Rows that are restored do not stay as the migration wrote
 * them.
 */
export function announcedOn(
  { announced, plan, wrote }: PreparedDown,
  { kept, schema }: TargetFacts,
): Announcement[] {
  const computed = new Set(computedColumns(plan.statements, schema).map(objectKey))
  const returning = restoredKeys(kept)
  const relevant = announced.flatMap((one): Announcement[] => {
    if (one.kind !== 'loss') return [one]
    if (computed.has(objectKey(one.loss.object))) return []
    return [{ ...one, kept: returning.has(destructionKey(one.loss)) }]
  })
  const statements = wrote.filter((statement) => !isRestored(statement, kept))
  return [...relevant, ...(statements.length > 0 ? [{ kind: 'rows' as const, statements }] : [])]
}

/** Down migrations after their run. Those that succeeded no longer have open decisions. */
export function withoutSettledChoices(
  downs: readonly PreparedDown[],
  receipts: readonly Receipt[],
): PreparedDown[] {
  return downs.map((down, index) => {
    if (receipts[index]?.status !== 'done') return down
    return { ...down, announced: down.announced.filter((one) => !isOpenChoice(one)) }
  })
}

function isOpenChoice(one: Announcement): boolean {
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

/**
 * Whether the changes of a statement are restored. Data that is already restored belongs to an earlier
 * deploy.
 */
export function isRestored(statement: number, kept: readonly Kept[]): boolean {
  const own = kept.filter((one) => one.statement === statement && one.state !== 'restored')
  return own.length > 0 && own.every(({ state, returns }) => state === 'kept' && returns)
}

/** The keys of data that is kept and will be restored completely. */
function restoredKeys(all: readonly Kept[]): Set<string> {
  const lost = all.filter(({ state, returns }) => state !== 'restored' && !returns)
  const kept = all.filter(({ state, returns }) => state === 'kept' && returns)
  const missing = new Set(keysOf(lost))
  return new Set(keysOf(kept).filter((key) => !missing.has(key)))
}

function keysOf(kept: readonly Kept[]): string[] {
  return (
    kept
      // For updated rows, a loss may name the columns.
      .flatMap((one) => (one.kind === 'rows' ? [one, { ...one, kind: 'columns' as const }] : [one]))
      .flatMap(keptData)
      .map(destructionKey)
  )
}
