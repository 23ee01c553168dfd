import type { RawResult, Session } from '../../database/index.ts'

/** `server_version_num` for the engine when there is no server; it only selects old syntax. */
const VERSION_NUMBER = 150_000

/**
 * A session without a database: it shows an empty `public` schema. The engine needs a
 * connection even to read a schema file.
 */
export function createOfflineSession(): Session {
  async function queryRaw(sql: string, params: readonly unknown[] = []): Promise<RawResult> {
    if (sql.includes('server_version_num')) {
      const values = ['t', 'PostgreSQL 15.0', String(VERSION_NUMBER)]
      return resultOf(
        [
          ['exists', 16],
          ['version', 25],
          ['numeric_version', 23],
        ],
        [values],
      )
    }
    if (sql.includes('namespace_name')) {
      const names = params.flat().map((name) => [String(name)])
      return resultOf([['namespace_name', 19]], names)
    }
    return resultOf([], [])
  }
  return {
    kind: 'embedded',
    server: {
      versionNumber: VERSION_NUMBER,
      version: '15.0',
      database: '',
      user: '',
      pid: 0,
      pooled: false,
      schema: 'public',
      standby: false,
      encoding: 'UTF8',
      pins: [],
    },
    ledger: '',
    queryRaw,
    query: async () => [],
    execute: async () => {},
    copyIn: async () => 0,
    cancel: async () => {},
    destroy: () => {},
  }
}

function resultOf(columns: [name: string, oid: number][], rows: string[][]): RawResult {
  return { columns: columns.map(([name, oid]) => ({ name, oid })), rows, affected: rows.length }
}
