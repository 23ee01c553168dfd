import type { Project, Target } from '../project/index.ts'
import type { Check } from './check.ts'

/** What `doctor` needs from outside the project. */
export interface ExamineDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since 1970, like `Date.now`. */
  readonly now: () => number
  /** The Node.js version, as in `process.versions.node`. */
  readonly nodeVersion: string
}

/** Checks what a deploy relies on, for databases of one dialect. Changes nothing. */
export type Examine = (
  project: Project,
  target: Target,
  deps: ExamineDeps,
) => Promise<readonly Check[]>
