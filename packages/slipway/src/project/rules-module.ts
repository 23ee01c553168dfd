import path from 'node:path'
import { advice } from '../kernel/index.ts'
import { loadConfigurationModule } from './configuration-module.ts'
import { raise } from './failures.ts'
import type { Project } from './project.ts'

/** The parts of a rule that can be checked without running it; `hazards` checks the rest. */
export interface RuleModule {
  readonly id: string
  readonly title: string
  readonly judge: (...given: never[]) => unknown
}

/**
 * The project's own rules: the exports of the file that `rules` of slipway.config names. Fails with
 * PROJECT.CONFIG_INVALID if it does not export a list of rules.
 */
export async function loadRules(project: Project): Promise<readonly RuleModule[]> {
  const { rules } = project.config
  if (rules === undefined) return []
  const file = path.resolve(project.root, rules)
  const { exported } = await loadConfigurationModule({
    file,
    shown: rules,
    environment: project.variables.all(),
  })
  if (Array.isArray(exported) && exported.every(isRule)) return exported
  return raise('PROJECT.CONFIG_INVALID', {
    message: `${rules} cannot be used.`,
    why: 'Its default export must be a list of rules, each with an id, a title and a function judge.',
    nextActions: [advice(`Correct ${rules}; docs/hazards/README.md shows one.`)],
    where: { file },
  })
}

function isRule(value: unknown): value is RuleModule {
  if (typeof value !== 'object' || value === null) return false
  const { id, title, judge } = value as Partial<RuleModule>
  return typeof id === 'string' && typeof title === 'string' && typeof judge === 'function'
}
