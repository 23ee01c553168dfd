import type { Handler } from '../command.ts'
import { presentOutcome } from '../present-outcome.ts'
import { rowOptions } from '../row-flags.ts'
import { fileBlocks } from '../sync-view.ts'

export const seedExport: Handler = async ({ slipway }, { flags }) =>
  presentOutcome(await slipway.seed.export(rowOptions(flags)), fileBlocks)
