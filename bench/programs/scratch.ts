// Prints how long a scratch takes from its start to its first answer, in milliseconds.
// Our own modules are loaded before the clock starts; what the machine has of servers counts.
import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { withScratch } from '../../packages/slipway/src/rehearsal/index.ts'

const cacheDir = mkdtempSync(path.join(os.tmpdir(), 'slipway-bench-scratch-'))
const started = performance.now()
await withScratch({ cacheDir }, [], async (session) => {
  await session.query('SELECT 1')
  process.stdout.write(String(performance.now() - started))
})
