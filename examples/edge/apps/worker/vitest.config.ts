import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const migrations = path.join(import.meta.dirname, '../../packages/database/migrations')

// The tests run in workerd, the runtime of Workers, on a D1 database of their own.
export default defineConfig({
  plugins: [
    cloudflareTest(async () => ({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: { bindings: { MIGRATIONS: await readD1Migrations(migrations) } },
    })),
  ],
  test: {
    include: ['test/*.workerd.ts'],
    // This only ends a test that hangs: the first request compiles the Worker.
    testTimeout: 120_000,
  },
})
