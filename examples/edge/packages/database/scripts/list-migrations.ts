import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

// Writes the names of the migrations into generated/migrations.ts: a Worker has no folder to read, and its health endpoint
// compares them with the history of the database.

const root = path.join(import.meta.dirname, '..')
const names = readdirSync(path.join(root, 'migrations'))
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
const lines = names.map((name) => `  '${name}',`)

mkdirSync(path.join(root, 'generated'), { recursive: true })
writeFileSync(
  path.join(root, 'generated', 'migrations.ts'),
  `/** As the table d1_migrations names them. */\nexport const MIGRATIONS: readonly string[] = [\n${lines.join('\n')}\n]\n`,
)
