import type { Direction, HistoryState } from '../history/index.ts'
import { command, type NextAction } from '../kernel/index.ts'
import type { Change } from '../schema/index.ts'
import { objectText } from '../statements/index.ts'

/** What a person decides to do about a problem; `migration` where there is more than one. */
export type Decision =
  /** Run what did not run. `from`: the first statement to run, where only a person can know it. */
  | {
      readonly kind: 'finish'
      readonly migration?: string | undefined
      readonly from?: number | undefined
    }
  /** Restore the schema as it was before. */
  | { readonly kind: 'undo'; readonly migration?: string | undefined }
  | { readonly kind: 'mark-applied'; readonly migration?: string | undefined }
  | { readonly kind: 'mark-rolled-back'; readonly migration?: string | undefined }
  /** `harmlessOnly` accepts no more than an edit of comments and white space. */
  | {
      readonly kind: 'accept-edit'
      readonly migration?: string | undefined
      readonly harmlessOnly?: boolean | undefined
    }
  /** Let one row of the history count for a migration that has several. */
  | { readonly kind: 'keep-one-row'; readonly migration?: string | undefined }

/** A decision that fits a problem, and what it would do. */
export interface Offer {
  readonly decision: Decision['kind']
  /** The first statement to run, if there are several possible ones. */
  readonly from?: number
  /** The words and flags of the command that takes it, such as `['repair', '--undo']`. */
  readonly args: readonly string[]
  readonly label: string
  /** What it would run, where it runs something. */
  readonly sql?: string
  /** What it cannot promise. */
  readonly warnings: readonly string[]
}

/** Where a migration that did not finish has stopped, by what the database has. Statements count from 1. */
export type StopPoint =
  /** `done` statements are applied: from 0 to `total`. */
  | {
      readonly kind: 'stopped'
      readonly done: number
      readonly total: number
      /** `transaction`: the server rolls a failed file back whole. */
      readonly evidence: 'catalog' | 'journal' | 'transaction'
    }
  /** States with the same catalog: the statements between them change rows alone. */
  | {
      readonly kind: 'in-doubt'
      readonly possible: readonly number[]
      readonly total: number
      /** The statement that issues its own COMMIT and was interrupted, so that no catalog shows whether it ran. */
      readonly cutOff?: number
    }
  /** None of its states. `changes` lead from the nearest one to what the database has. */
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
  /** Differences of the database that are not from the migration. Neither a finish nor an undo touches them. */
  readonly beside: readonly Change[]
  /** Left by index builds that broke off; a finish builds them again. */
  readonly invalidIndexes: readonly string[]
  /** The file is not the one that began. */
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
   * How the text differs from the applied one, which version control may still have: `harmless` is
   * comments and white space alone.
   */
  readonly text: 'harmless' | 'differs' | 'old-text-unknown'
  /** Commit that has the applied text. */
  readonly commit?: string
  /** What the database has in addition to the schema that the history produces with the current file. */
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

/** What is wrong with a target, worst first. Nothing is where `problems` is empty. */
export interface Diagnosis {
  readonly database: string
  readonly state: HistoryState
  readonly problems: readonly Problem[]
  /** Not applied, and in the project: with a missing one the histories have parted. */
  readonly pending: readonly string[]
}

/** The offers of a diagnosis as commands to type. They name the migration where several have the same problem. */
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
