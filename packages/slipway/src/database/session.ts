import type { Client } from 'pg'
import { type PgTypes, decode } from './decode.ts'
import type { DatabaseKind, RawResult, Row, ServerInfo, Session } from './port.ts'
import { raiseServerError } from './server-error.ts'

export interface SessionParts {
  readonly kind: DatabaseKind
  readonly client: Client
  readonly server: ServerInfo
  /** How messages name the server: host and port, or the embedded folder. */
  readonly where: string
  readonly types: PgTypes
  cancel(): Promise<void>
  destroy(): void
}

/** A session over a connected `pg` client, which serves the server and the embedded database alike. */
export function createSession(parts: SessionParts): Session {
  const { client, where } = parts
  async function queryRaw(sql: string, params: readonly unknown[] = []): Promise<RawResult> {
    try {
      const result = await client.query({ text: sql, values: [...params], rowMode: 'array' })
      const columns = result.fields.map((field) => ({ name: field.name, oid: field.dataTypeID }))
      return { columns, rows: result.rows as (string | null)[][], affected: result.rowCount ?? 0 }
    } catch (error) {
      return raiseServerError(error, where)
    }
  }
  return {
    kind: parts.kind,
    server: parts.server,
    queryRaw,
    async query<R extends Row>(sql: string, params?: readonly unknown[]): Promise<R[]> {
      return decode<R>(await queryRaw(sql, params), parts.types)
    },
    async execute(script) {
      try {
        await client.query(script)
      } catch (error) {
        raiseServerError(error, where)
      }
    },
    cancel: parts.cancel,
    destroy: parts.destroy,
  }
}
