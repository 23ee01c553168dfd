import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const migrations = path.join(import.meta.dirname, '../../packages/database/migrations')

/** The file of a local D1 database on whose schema the tests run, for example one to which Slipway has deployed. */
const { SHOP_DATABASE } = process.env

// The tests run in workerd, the runtime of Workers, with a separate D1 database.
export default defineConfig({
  plugins: [
    cloudflareTest(async () => ({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: {
        bindings: {
          MIGRATIONS: await readD1Migrations(migrations),
          DEPLOYED: SHOP_DATABASE === undefined ? [] : readDeployed(SHOP_DATABASE),
        },
      },
    })),
  ],
  test: {
    include: ['test/*.workerd.ts'],
    // Long, because the first request compiles the Worker; it only has to end a test that hangs.
    testTimeout: 120_000,
  },
})

/** The SQL of the schema and the history, without the rows of the shop. */
function readDeployed(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true })
  const texts = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => String(row['sql']))
  const schema = texts(
    "SELECT sql FROM sqlite_schema WHERE sql <> '' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*' ORDER BY rowid",
  )
  const history = texts(
    "SELECT 'INSERT INTO d1_migrations (name) VALUES (' || quote(name) || ')' AS sql FROM d1_migrations ORDER BY id",
  )
  database.close()
  return [...schema, ...history]
}
