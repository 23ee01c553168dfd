import { type Check, examine } from '../../doctor/index.ts'
import { advice } from '../../kernel/index.ts'
import { loadProject, resolveTarget } from '../../project/index.ts'
import { type Finding, type Handler, report } from '../command.ts'
import { heading, type Mark, status } from '../view.ts'

const MARKS: Readonly<Record<Check['status'], Mark>> = {
  ok: 'done',
  warning: 'warning',
  error: 'failed',
  skipped: 'note',
}

export const doctor: Handler = async ({ cwd, env, now, nodeVersion, target: flags }) => {
  const project = await loadProject({ cwd, env, flags })
  const target = resolveTarget(project)
  const { checks, settings } = await examine(project, target, { env, now, nodeVersion })
  const good = checks.filter((check) => check.status === 'ok' || check.status === 'skipped')
  const view = [
    heading('Settings'),
    {
      kind: 'fields' as const,
      fields: settings.map(({ name, value, source }) => ({ label: name, value, note: source })),
    },
    heading('Checks'),
    ...good.map((check) => status(MARKS[check.status], check.message, check.name)),
  ]
  const next = checks.flatMap(({ fix }) => (fix === undefined ? [] : [advice(fix)]))
  return report({ environment: target.environment, checks, settings }, view, {
    findings: checks.flatMap(findingOf),
    next,
  })
}

function findingOf({ name, status: severity, message }: Check): Finding[] {
  return severity === 'warning' || severity === 'error' ? [{ id: name, severity, message }] : []
}
