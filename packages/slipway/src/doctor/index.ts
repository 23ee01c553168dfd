import type { Project, Setting, Target } from '../project/index.ts'
import type { Check } from './check.ts'
import { checkLocalDisk, checkNode, checkPgDump } from './machine.ts'
import { checkPrisma } from './prisma.ts'
import { examineServer } from './server.ts'
import { checkSettings } from './settings.ts'
import { checkShadowServer } from './shadow.ts'

export type { Check } from './check.ts'

/** What `doctor` needs of the world outside the project. */
export interface ExamineDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now: () => number
  /** As `process.versions.node`. */
  readonly nodeVersion: string
}

/** What `doctor` found: each check, and each setting with its source. */
export interface Examination {
  readonly checks: readonly Check[]
  readonly settings: readonly Setting[]
}

/**
 * Tests everything that a deploy to the target relies on. Never fails because of what it finds: a target that does
 * not answer is an `error` among the checks. Changes nothing.
 */
export async function examine(
  project: Project,
  target: Target,
  deps: ExamineDeps,
): Promise<Examination> {
  const server = await examineServer(target, deps.now)
  const checks = [
    ...checkSettings(project, target),
    ...server.checks,
    ...(await checkShadowServer(project)),
    await checkPgDump(deps.env, server.major),
    await checkLocalDisk(project.root, server.databaseBytes),
    checkNode(deps.nodeVersion),
    ...checkPrisma(project.root),
  ]
  return { checks, settings: [...project.settings, ...target.settings] }
}
