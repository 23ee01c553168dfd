import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, env } from 'prisma/config'

// Prisma 7 does not read .env itself. Variables that are already set in the shell stay.
if (existsSync('.env')) process.loadEnvFile('.env')

// If Prisma's own engine cannot be downloaded, its commands use Slipway's copy.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(
  import.meta.resolve('slipway/schema-engine'),
)

export default defineConfig({
  schema: 'prisma/schema.prisma',
  // `prisma db seed` runs the seed sets of the environment, like `slipway seed run`.
  migrations: { path: 'prisma/migrations', seed: 'slipway seed run' },
  // Without DATABASE_URL, Slipway uses its embedded database in .slipway/.
  ...(process.env.DATABASE_URL ? { datasource: { url: env('DATABASE_URL') } } : {}),
})
