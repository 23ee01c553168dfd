import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { installedVersion, notInstalled, type Peer, program } from './peer.ts'

/** node-pg-migrate with migrations in SQL. */
export const nodePgMigrate: Peer = {
  name: 'node-pg-migrate',
  version: installedVersion('node-pg-migrate'),
  absence: notInstalled,
  note: '`runner()` from a small program, SQL files; all in one transaction',
  kind: 'node',
  history: true,
  prepare: (folder, migrations) => {
    for (const { name, createTable, createIndex } of migrations) {
      const text = `-- Up Migration\n${createTable}\n${createIndex}\n\n-- Down Migration\n`
      writeFileSync(path.join(folder, `${name}.sql`), text)
    }
  },
  command: (folder, url) => program('node-pg-migrate', folder, url),
}
