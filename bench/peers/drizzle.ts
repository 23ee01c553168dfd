import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { installedVersion, notInstalled, type Peer, program } from './peer.ts'

/** drizzle-orm's migrator over `pg`. */
export const drizzle: Peer = {
  name: 'drizzle-orm',
  version: installedVersion('drizzle-orm'),
  absence: notInstalled,
  note: '`migrate()` from a small program; all in one transaction',
  kind: 'node',
  history: true,
  prepare: (folder, migrations) => {
    mkdirSync(path.join(folder, 'meta'))
    const entries = migrations.map(({ number, name }) => ({
      idx: number - 1,
      version: '7',
      when: 1_735_689_600_000 + number,
      tag: name,
      breakpoints: true,
    }))
    const journal = { version: '7', dialect: 'postgresql', entries }
    writeFileSync(path.join(folder, 'meta', '_journal.json'), JSON.stringify(journal, null, 2))
    for (const { name, createTable, createIndex } of migrations) {
      const text = `${createTable}\n--> statement-breakpoint\n${createIndex}\n`
      writeFileSync(path.join(folder, `${name}.sql`), text)
    }
  },
  command: (folder, url) => program('drizzle', folder, url),
}
