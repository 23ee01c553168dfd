import type { DoctorResult } from '../../app/index.ts'
import type { Handler } from '../command.ts'
import { presentOutcome } from '../present-outcome.ts'
import { type Block, heading, type Mark, status } from '../view.ts'

const MARKS: Readonly<Record<DoctorResult['checks'][number]['status'], Mark>> = {
  ok: 'done',
  warning: 'warning',
  error: 'failed',
  skipped: 'note',
}

export const doctor: Handler = async ({ slipway }) => presentOutcome(await slipway.doctor(), view)

function view({ checks, settings }: DoctorResult): Block[] {
  const good = checks.filter((check) => check.status === 'ok' || check.status === 'skipped')
  return [
    heading('Settings'),
    {
      kind: 'fields',
      fields: settings.map(({ name, value, source }) => ({ label: name, value, note: source })),
    },
    heading('Checks'),
    ...good.map((check) => status(MARKS[check.status], check.message, check.name)),
  ]
}
