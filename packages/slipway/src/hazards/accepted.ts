import { suggest } from '../kernel/index.ts'
import type { Acceptance } from './accept.ts'
import type { Found } from './found.ts'
import type { Hazard, JudgedMigration } from './hazard.ts'

/** The hazards of accept comments themselves; no rule finds them. */
export const acceptanceHazards = [
  { id: 'accept-without-reason', title: 'A hazard is accepted without a reason' },
  { id: 'accept-unused', title: 'An accept comment has no effect' },
  { id: 'accept-unknown', title: 'An accept comment names an unknown hazard' },
] as const

/** The accept comments of a migration, and what they are checked against. */
interface Accepting {
  readonly migration: JudgedMigration
  readonly acceptances: readonly Acceptance[]
  /** The acceptances for which it is known whether they are needed. */
  readonly judged: readonly Acceptance[]
  /** The ids that an acceptance can name. */
  readonly ids: readonly string[]
}

/** The unaccepted hazards of a migration, and the hazards of its accept comments, sorted by position. */
export function withoutAccepted(
  found: readonly Found[],
  { migration, acceptances, judged, ids }: Accepting,
): Hazard[] {
  const all = found.map(({ hazard }) => hazard)
  const real = found.filter((one) => !one.harmlessBySize).map(({ hazard }) => hazard)
  return [
    ...suppress(real, acceptances, ids),
    ...judgeAcceptances(judged, { migration, hazards: all, ids }),
  ].toSorted((one, other) => one.line - other.line || one.statement - other.statement)
}

/** The hazards that no accept comment of the file covers. */
function suppress(
  hazards: readonly Hazard[],
  acceptances: readonly Acceptance[],
  ids: readonly string[],
): Hazard[] {
  const valid = acceptances.filter(({ id, reason }) => reason !== undefined && ids.includes(id))
  return hazards.filter((hazard) => !valid.some((acceptance) => covers(acceptance, hazard)))
}

function covers({ id, statement }: Acceptance, hazard: Hazard): boolean {
  return id === hazard.id && (statement === undefined || statement === hazard.statement)
}

/**
 * Finds what is wrong with the accept comments of a file. `hazards` includes those
 * that the table's size excuses.
 */
function judgeAcceptances(
  acceptances: readonly Acceptance[],
  given: {
    readonly migration: JudgedMigration
    readonly hazards: readonly Hazard[]
    readonly ids: readonly string[]
  },
): Hazard[] {
  return acceptances.flatMap((acceptance): Hazard[] => {
    const wrong = whatIsWrong(acceptance, given)
    if (wrong === undefined) return []
    return [
      {
        ...wrong,
        migration: given.migration.name,
        file: given.migration.path,
        line: acceptance.line,
        column: acceptance.column,
        // A comment after the last statement has no statement below it.
        statement: Math.max(
          1,
          Math.min(acceptance.statement ?? 1, given.migration.statements.length),
        ),
        blocks: 'nothing',
      },
    ]
  })
}

function whatIsWrong(
  acceptance: Acceptance,
  { hazards, ids }: { readonly hazards: readonly Hazard[]; readonly ids: readonly string[] },
): Pick<Hazard, 'id' | 'severity' | 'message'> | undefined {
  const { id, reason, statement } = acceptance
  if (!ids.includes(id)) {
    const near = suggest(id, ids)
    const meant = near === undefined ? '' : ` Did you mean ${near}?`
    const message =
      id === '' ? 'The accept comment names no hazard.' : `There is no hazard ${id}.${meant}`
    return { id: 'accept-unknown', severity: 'warning', message }
  }
  if (reason === undefined) {
    const message = `The accept comment for ${id} has no reason in parentheses, so the hazard is still reported. Write -- slipway: accept ${id} (the reason).`
    return { id: 'accept-without-reason', severity: 'warning', message }
  }
  if (hazards.some((hazard) => covers(acceptance, hazard))) return undefined
  const where = statement === undefined ? 'this file' : 'the statement below'
  return {
    id: 'accept-unused',
    severity: 'info',
    message: `The hazard ${id} is not in ${where}: remove the accept comment.`,
  }
}
