import path from 'node:path'
import type { InitResult } from '../../app/index.ts'
import type { Handler } from '../command.ts'
import { presentOutcome } from '../present-outcome.ts'
import { type Block, status } from '../view.ts'

export const init: Handler = async ({ slipway }) => presentOutcome(await slipway.init(), view)

function view({ config, settings }: InitResult): Block[] {
  const fields = settings.map(({ name, value, source }) => ({ label: name, value, note: source }))
  const note = 'it explains every setting and sets none'
  return [status('done', `Wrote ${path.basename(config)}`, note), { kind: 'fields', fields }]
}
