import type { Project, Setting, Target } from '../project/index.ts'
import type { Check } from './check.ts'
import { examinerOf } from './dialects.ts'
import type { ExamineDeps } from './examine.ts'
import { checkNode } from './machine.ts'
import { checkPrisma } from './prisma.ts'
import { checkSettings } from './settings.ts'

export type { Check } from './check.ts'
export type { ExamineDeps } from './examine.ts'

/** The results of `doctor`: each check, and each setting with its source. */
export interface Examination {
  readonly checks: readonly Check[]
  readonly settings: readonly Setting[]
}

/**
 * Checks everything that a deploy to the target relies on. Never fails because of a result: an unreachable
 * target is an `error` among the checks. Changes nothing.
 */
export async function examine(
  project: Project,
  target: Target,
  deps: ExamineDeps,
): Promise<Examination> {
  const examineDatabase = await examinerOf(project.schema.dialect)
  const checks = [
    ...checkSettings(project, target),
    ...(await examineDatabase(project, target, deps)),
    checkNode(deps.nodeVersion),
    ...checkPrisma(project.root),
  ]
  return { checks, settings: [...project.settings, ...target.settings] }
}
