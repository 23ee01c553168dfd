import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Generates the Prisma 6 client without an engine, for the models of the runtime's tests. */

const folder = path.join(import.meta.dirname, 'generated')
const schema = path.join(folder, 'schema.prisma')
const models = path.join(import.meta.dirname, '../../packages/runtime/test/schema.prisma')

mkdirSync(folder, { recursive: true })
writeFileSync(
  schema,
  readFileSync(models, 'utf8')
    .replace(/output .*/, 'output = "client"\n  engineType = "client"')
    .replace('"postgresql"', '"postgresql"\n  url = env("DATABASE_URL")'),
)
const cli = path.join(import.meta.dirname, 'node_modules/prisma/build/index.js')
execFileSync(process.execPath, [cli, 'generate', '--schema', schema], {
  stdio: 'inherit',
  env: {
    ...process.env,
    DATABASE_URL: 'postgresql://localhost/unused',
    // Otherwise Prisma tries to download an engine, which generating does not need.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  },
})
