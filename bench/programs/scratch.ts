// Prints how long the embedded database takes from nothing to its first answer, in milliseconds.
// Our own modules are loaded before the clock starts; the database's count.
import { withEmbedded } from '../../packages/slipway/src/database/index.ts'

const started = performance.now()
await withEmbedded({}, async ({ session }) => {
  await session.query('SELECT 1')
  process.stdout.write(String(performance.now() - started))
})
