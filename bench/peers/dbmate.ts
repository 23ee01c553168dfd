import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { benchPath, installedVersion, type Peer } from './peer.ts'

/** dbmate's native binary, without the npm wrapper around it. */
export const dbmate: Peer = {
  name: 'dbmate',
  version: installedVersion('@dbmate/linux-x64'),
  absence: 'its binary is installed for Linux on x64 alone',
  note: 'native binary, `migrate`; a transaction a migration',
  kind: 'native',
  history: true,
  prepare: (folder, migrations) => {
    for (const { name, createTable, createIndex } of migrations) {
      const text = `-- migrate:up\n${createTable}\n${createIndex}\n\n-- migrate:down\n`
      writeFileSync(path.join(folder, `${name}.sql`), text)
    }
  },
  command: (folder, url) => ({
    program: benchPath('node_modules', '@dbmate', 'linux-x64', 'bin', 'dbmate'),
    args: ['--no-dump-schema', '--migrations-dir', folder, 'migrate'],
    cwd: folder,
    env: { DATABASE_URL: url },
  }),
}
