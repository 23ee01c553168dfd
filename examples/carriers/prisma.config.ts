import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, env } from 'prisma/config'

// Prisma 7 reads no .env file by itself. What the shell has set already stays.
if (existsSync('.env')) process.loadEnvFile('.env')

// Where Prisma's own engine cannot be downloaded, its commands run on Slipway's copy of it.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(
  import.meta.resolve('slipway/schema-engine'),
)

export default defineConfig({
  schema: 'prisma/schema.prisma',
  // `prisma db seed` runs the seed sets of the environment, as `slipway seed run` does.
  migrations: { path: 'prisma/migrations', seed: 'slipway seed run' },
  // No DATABASE_URL at all is fine: Slipway then uses its embedded database in .slipway/.
  ...(process.env.DATABASE_URL ? { datasource: { url: env('DATABASE_URL') } } : {}),
})
