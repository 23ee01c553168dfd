import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

// Writes the names of the migrations to generated/migrations.ts: the Worker's health endpoint compares them with the
// history of the database, but a Worker cannot read a folder.

const root = path.join(import.meta.dirname, '..')
const names = readdirSync(path.join(root, 'migrations'))
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
const lines = names.map((name) => `  '${name}',`)

mkdirSync(path.join(root, 'generated'), { recursive: true })
writeFileSync(
  path.join(root, 'generated', 'migrations.ts'),
  `/** The names as in the table d1_migrations. */\nexport const MIGRATIONS: readonly string[] = [\n${lines.join('\n')}\n]\n`,
)
