import type { Project, Target } from '../project/index.ts'
import type { Check } from './check.ts'

/** What `doctor` needs of the world outside the project. */
export interface ExamineDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now: () => number
  /** As `process.versions.node`. */
  readonly nodeVersion: string
}

/** Tests what a deploy relies on with databases of one dialect. Changes nothing. */
export type Examine = (
  project: Project,
  target: Target,
  deps: ExamineDeps,
) => Promise<readonly Check[]>
