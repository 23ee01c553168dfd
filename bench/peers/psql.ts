import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { sqlOf } from '../work.ts'
import type { Peer } from './peer.ts'

/** The lower bound: the files one after the other, without a history. */
export const psql: Peer = floor('psql', '`psql -f`, no history; a transaction a statement', [])

/** The same in one transaction: shows what a single commit saves. */
export const psqlOnce: Peer = floor('psql-1', '`psql -1 -f`, no history; all in one transaction', [
  '-1',
])

function floor(name: string, note: string, flags: readonly string[]): Peer {
  return {
    name,
    version: psqlVersion(),
    absence: 'there is no psql',
    note,
    kind: 'floor',
    history: false,
    prepare: (folder, migrations) => {
      writeFileSync(path.join(folder, 'all.sql'), migrations.map(sqlOf).join('\n'))
    },
    command: (folder, url) => ({
      program: 'psql',
      args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...flags, '-f', 'all.sql', url],
      cwd: folder,
      env: {},
    }),
  }
}

function psqlVersion(): string | undefined {
  try {
    const output = execFileSync('psql', ['--version'], { encoding: 'utf8' })
    return /\d+(\.\d+)*/.exec(output)?.[0]
  } catch {
    return undefined
  }
}
