// Prints how long a shadow database takes from its start to its first answer, in milliseconds. Slipway's
// modules are loaded before the clock starts; the start of the machine's server is included.
import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { withShadowDatabase } from '../../packages/slipway/src/shadow/index.ts'

const cacheDir = mkdtempSync(path.join(os.tmpdir(), 'slipway-bench-shadow-'))
const started = performance.now()
await withShadowDatabase({ dialect: 'postgres', cacheDir }, [], async (session) => {
  await session.query('SELECT 1')
  process.stdout.write(String(performance.now() - started))
})
