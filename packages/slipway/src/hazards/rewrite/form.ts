import type { DatabaseSchema } from '../../schema/index.ts'
import type { AlterTableText, Statement } from '../../statements/index.ts'
import { identifier } from '../quote.ts'

/** The safe form of an action, or why there is none. */
export type Form =
  | {
      readonly kind: 'steps'
      /** Statements without their semicolons, to be run in this order. */
      readonly steps: readonly string[]
      /** Whether each step must be committed before the next begins. */
      readonly separateTransactions: boolean
      /** What was done, and which lock it takes: one sentence. */
      readonly done: string
    }
  | { readonly kind: 'none'; readonly reason: string }

/** The place of an action in its migration. */
export interface Site {
  /** The schema before the action. */
  readonly schema: DatabaseSchema
  readonly statement: Statement
  /** The statement's text up to its last token. */
  readonly text: string
  /** For an ALTER TABLE: its parsed text, and the part that is this action. */
  readonly alter?: AlterTableText & { readonly part: string }
}

export function none(reason: string): Form {
  return { kind: 'none', reason }
}

/** A name in the user's style: quoted if the text quotes it or if it needs quotes. */
export function written(name: string, text: string): string {
  const quoted = `"${name.replaceAll('"', '""')}"`
  return text.includes(quoted) ? quoted : identifier(name)
}

/** The number of bytes to which PostgreSQL truncates names. */
const LONGEST = 63

/** Whether PostgreSQL keeps a name without truncating it. */
export function fits(name: string): boolean {
  return Buffer.byteLength(name) <= LONGEST
}

/** A name with the suffix, shortened before the suffix so that PostgreSQL does not truncate it. */
export function nameWith(start: string, suffix: string): string {
  let kept = start
  while (!fits(kept + suffix)) kept = Array.from(kept).slice(0, -1).join('')
  return kept + suffix
}
