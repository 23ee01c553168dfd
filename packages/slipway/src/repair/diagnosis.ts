import type { Direction, HistoryState } from '../history/index.ts'
import { command, type NextAction } from '../kernel/index.ts'
import type { Change } from '../schema/index.ts'
import { objectText } from '../statements/index.ts'

/** What a person decides to do about a problem; `migration` selects one if there are several. */
export type Decision =
  /** Run the statements that did not run. `from` is the first of them, if only a person can know it. */
  | {
      readonly kind: 'finish'
      readonly migration?: string | undefined
      readonly from?: number | undefined
    }
  /** Restore the schema as it was before. */
  | { readonly kind: 'undo'; readonly migration?: string | undefined }
  | { readonly kind: 'mark-applied'; readonly migration?: string | undefined }
  | { readonly kind: 'mark-rolled-back'; readonly migration?: string | undefined }
  /** `harmlessOnly` accepts only edits of comments and white space. */
  | {
      readonly kind: 'accept-edit'
      readonly migration?: string | undefined
      readonly harmlessOnly?: boolean | undefined
    }
  /** Keep one row of the history for a migration that has several. */
  | { readonly kind: 'keep-one-row'; readonly migration?: string | undefined }

/** A decision that fits a problem, and what it would do. */
export interface Offer {
  readonly decision: Decision['kind']
  /** The first statement to run, if there are several possible ones. */
  readonly from?: number
  /** The words and flags of the command that chooses it, such as `['repair', '--undo']`. */
  readonly args: readonly string[]
  readonly label: string
  /** The SQL that it would run, if any. */
  readonly sql?: string
  /** What it cannot promise. */
  readonly warnings: readonly string[]
}

/** Where an unfinished migration stopped, judged by the database. Statements count from 1. */
export type StopPoint =
  /** `done` statements are applied: from 0 to `total`. */
  | {
      readonly kind: 'stopped'
      readonly done: number
      readonly total: number
      /** `transaction`: the server rolls back the whole file if it fails. */
      readonly evidence: 'catalog' | 'journal' | 'transaction'
    }
  /** Several states have the same catalog: the statements between them change only rows. */
  | {
      readonly kind: 'in-doubt'
      readonly possible: readonly number[]
      readonly total: number
      /** The statement that issues its own COMMIT and was interrupted, so that no catalog shows whether it ran. */
      readonly cutOff?: number
    }
  /** The database is in none of its states. `changes` lead from the nearest state to that of the database. */
  | {
      readonly kind: 'unlike'
      readonly nearest: number
      readonly changes: readonly Change[]
      readonly total: number
    }
  | { readonly kind: 'unexamined'; readonly reason: string }

/** A migration that began and did not finish. */
export interface FailedProblem {
  readonly kind: 'failed'
  readonly migration: string
  /** `up`: it was being applied. `down`: it was being rolled back. */
  readonly direction: Direction
  readonly stop: StopPoint
  /** Differences that the migration did not cause. Neither a finish nor an undo touches them. */
  readonly beside: readonly Change[]
  /** Left by interrupted index builds; a finish builds them again. */
  readonly invalidIndexes: readonly string[]
  /** Whether the file was edited since the migration began. */
  readonly editedSince: boolean
  /** The statement that fails on a shadow database, too, and what the server says there. */
  readonly failsOnShadow?: { readonly statement: number; readonly message: string }
  readonly offers: readonly Offer[]
}

/** A migration that was edited after it was applied. */
export interface EditedProblem {
  readonly kind: 'edited'
  readonly migration: string
  /**
   * How the text differs from the applied one, which version control may still have: `harmless` means
   * only in comments and white space.
   */
  readonly text: 'harmless' | 'differs' | 'old-text-unknown'
  /** Commit that has the applied text. */
  readonly commit?: string
  /** How the database differs from the schema that the history produces with the current file. */
  readonly catalog:
    | { readonly kind: 'equal' }
    | { readonly kind: 'differs'; readonly changes: readonly Change[] }
    | { readonly kind: 'unknown'; readonly reason: string }
  readonly offers: readonly Offer[]
}

/** A migration that the database has and the project lacks. */
export interface MissingProblem {
  readonly kind: 'missing'
  readonly migration: string
  /** Where version control has it, and whether its text there is the applied one. */
  readonly found?: {
    readonly commit: string
    readonly branch?: string
    readonly same: boolean
    readonly restore: string
  }
  readonly offers: readonly Offer[]
}

/** A migration that the history records as applied more than once. */
export interface DuplicatedProblem {
  readonly kind: 'duplicated'
  readonly migration: string
  readonly offers: readonly Offer[]
}

export type Problem = FailedProblem | EditedProblem | MissingProblem | DuplicatedProblem

/** What is wrong with a target, worst first; nothing if `problems` is empty. */
export interface Diagnosis {
  readonly database: string
  readonly state: HistoryState
  readonly problems: readonly Problem[]
  /** Migrations of the project that are not applied; together with missing ones, the histories have diverged. */
  readonly pending: readonly string[]
}

/** The offers of a diagnosis as commands to type. They name the migration if several have the same problem. */
export function nextActions({ problems }: Diagnosis): NextAction[] {
  return problems.flatMap(({ kind, migration, offers }) => {
    const several = problems.filter((one) => one.kind === kind).length > 1
    return offers.map(({ args, label }) => {
      const named = several && !args.includes(migration)
      return command(named ? [...args, migration] : args, named ? `${migration}: ${label}` : label)
    })
  })
}

/** A sentence about where a migration stopped. */
export function describeStop(stop: StopPoint): string {
  switch (stop.kind) {
    case 'stopped':
      if (stop.done === 0) return 'no statement of it is applied'
      if (stop.done === stop.total) return 'all statements of it are applied'
      return `stopped after statement ${stop.done} of ${stop.total}`
    case 'in-doubt': {
      if (stop.cutOff !== undefined)
        return `it is unknown whether statement ${stop.cutOff} of ${stop.total} ran, fully or in part: it issues its own COMMIT and was interrupted`
      const first = (stop.possible[0] ?? 0) + 1
      const last = stop.possible.at(-1) ?? stop.total
      const which = first === last ? `statement ${first}` : `statements ${first} to ${last}`
      return `it is unknown whether ${which} of ${stop.total} ran: the schema is the same before and after`
    }
    case 'unlike': {
      const names = stop.changes
        .slice(0, 5)
        .map(({ change, object }) => `${objectText(object)} (${change})`)
      const more = stop.changes.length - names.length
      const list = `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
      return `the schema matches none of its states; the closest state is after statement ${stop.nearest} of ${stop.total}, except for ${list}`
    }
    case 'unexamined':
      return `could not be examined: ${stop.reason}`
  }
}
