import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// If Prisma's own engine cannot be downloaded, its commands use Slipway's copy.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(
  import.meta.resolve('slipway/schema-engine'),
)

// Prisma 7 cannot reach D1, so there is no `datasource` here: Slipway reads the database from wrangler.jsonc.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'migrations' },
})
