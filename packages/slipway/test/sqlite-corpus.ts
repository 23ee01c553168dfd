import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(
  new URL('../../../../shared/corpus/factory-factory-sqlite/', import.meta.url),
)

/** The migrations of a real SQLite project, in order; none if the corpus is absent. */
export const sqliteCorpus: readonly { readonly name: string; readonly sql: string }[] = existsSync(
  FOLDER,
)
  ? readdirSync(path.join(FOLDER, 'migrations'))
      .toSorted()
      .map((name) => ({ name, file: path.join(FOLDER, 'migrations', name, 'migration.sql') }))
      .filter(({ file }) => existsSync(file))
      .map(({ name, file }) => ({ name, sql: readFileSync(file, 'utf8') }))
  : []
