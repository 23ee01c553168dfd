import type { Emit } from '../kernel/index.ts'
import type { ProjectFlags } from '../project/index.ts'

/** The prompt before a change that must not happen to the wrong database. */
export interface ConsentQuestion {
  readonly database: string
  /** Another name of the database, which is accepted as well. */
  readonly alias?: string | undefined
  /** What is about to happen, as a sentence. */
  readonly message: string
}

/** Returns whether the user confirms, for instance by typing the name of the database. */
export type AskConsent = (question: ConsentQuestion) => Promise<boolean>

/** Everything that use cases need from outside. Nothing else uses the process or the clock. */
export interface AppContext {
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly names: ProjectFlags
  readonly emit: Emit
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Like `process.versions.node`. */
  readonly nodeVersion: string
  /** Absent if there is no terminal. */
  readonly askConsent?: AskConsent | undefined
}

/** How a caller consents to a change. */
export interface ConsentOptions {
  /** The name of the database that may be changed, like `--confirm`. */
  readonly confirm?: string | undefined
}
