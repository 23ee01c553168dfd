import { type Check, examine } from '../doctor/index.ts'
import { advice } from '../kernel/index.ts'
import { loadProject, resolveTarget, type Setting } from '../project/index.ts'
import type { AppContext } from './context.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'

/** The checks of everything that a deploy relies on, and each setting with its source. */
export interface DoctorResult {
  readonly environment: string
  readonly checks: readonly Check[]
  readonly settings: readonly Setting[]
}

/** Tests everything that a deploy relies on. Changes nothing. */
export async function examineProject(context: AppContext): Promise<UseCaseReturn<DoctorResult>> {
  const { cwd, env, now, nodeVersion, names, signal } = context
  const project = await loadProject({ cwd, env, flags: names, signal })
  const target = await resolveTarget(project)
  const { checks, settings } = await examine(project, target, { env, now, nodeVersion })
  return {
    result: { environment: target.environment, checks, settings },
    findings: checks.flatMap(findingOf),
    next: checks.flatMap(({ fix }) => (fix === undefined ? [] : [advice(fix)])),
  }
}

function findingOf({ name, status: severity, message }: Check): ResultFinding[] {
  return severity === 'warning' || severity === 'error' ? [{ id: name, severity, message }] : []
}
