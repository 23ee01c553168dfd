import { defineConfig } from 'prisma/config'

// Generating a client needs no engine; without this, Prisma tries to download one.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath

export default defineConfig({ schema: 'test/schema.prisma' })
