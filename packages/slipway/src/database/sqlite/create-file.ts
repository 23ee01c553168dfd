import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { loadSqlite } from './load.ts'

/** Creates an empty database in a file. The folder must exist, as Prisma also requires. */
export function createFile(file: string): void {
  const { DatabaseSync } = loadSqlite()
  const database = new DatabaseSync(file)
  try {
    // A file without a page is not a database yet.
    database.exec('VACUUM')
  } finally {
    database.close()
  }
}

/**
 * Creates the file of a local wrangler database, like its runtime when it first opens one: empty, with a
 * write-ahead log. The runtime adds its own table (`_cf_METADATA`) when it opens the file.
 */
export function createD1File(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const { DatabaseSync } = loadSqlite()
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA journal_mode = WAL')
  } finally {
    database.close()
  }
}
