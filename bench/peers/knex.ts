import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { installedVersion, notInstalled, type Peer, program } from './peer.ts'

/** knex, whose migrations are modules. */
export const knex: Peer = {
  name: 'knex',
  version: installedVersion('knex'),
  absence: notInstalled,
  note: '`migrate.latest()` from a small program; a transaction a migration',
  kind: 'node',
  history: true,
  prepare: (folder, migrations) => {
    for (const { name, createTable, createIndex } of migrations) {
      const sql = JSON.stringify(`${createTable}\n${createIndex}`)
      const text = `exports.up = (knex) => knex.raw(${sql})\nexports.down = () => {}\n`
      writeFileSync(path.join(folder, `${name}.cjs`), text)
    }
  },
  command: (folder, url) => program('knex', folder, url),
}
