import type { Socket } from 'node:net'
import type { Client } from 'pg'
import type { DatabaseKind, RawResult, Row, ServerInfo, Session } from '../port.ts'
import { type PgTypes, decode } from './decode.ts'
import { LEDGER_SCHEMA } from './ledger-schema.ts'
import { noticeText, raiseServerError } from './server-error.ts'

/** `pg` types its connection as private; its stream and its events are documented for drivers. */
export function connectionOf(client: Client): NodeJS.EventEmitter & { readonly stream: Socket } {
  return (client as unknown as { connection: ReturnType<typeof connectionOf> }).connection
}

export interface SessionParts {
  readonly kind: DatabaseKind
  readonly client: Client
  readonly server: ServerInfo
  /** The name of the server in messages: host and port, or the embedded folder. */
  readonly where: string
  readonly types: PgTypes
  readonly onNotice?: ((message: string) => void) | undefined
  /** Sends the chunks to the server; returns the number of rows. */
  copyIn(sql: string, chunks: AsyncIterable<string>): Promise<number>
  cancel(): Promise<void>
  destroy(): void
}

/** A session over a connected `pg` client, for the server and for the embedded database. */
export function createSession(parts: SessionParts): Session {
  const { client, where, onNotice } = parts
  const { user } = parts.server
  let sent = ''
  if (onNotice) {
    client.on('notice', (notice) => {
      const text = noticeText(notice, sent)
      if (text !== undefined) onNotice(text)
    })
  }
  async function queryRaw(sql: string, params: readonly unknown[] = []): Promise<RawResult> {
    sent = sql
    try {
      const result = await client.query({ text: sql, values: [...params], rowMode: 'array' })
      const columns = result.fields.map((field) => ({ name: field.name, oid: field.dataTypeID }))
      return { columns, rows: result.rows as (string | null)[][], affected: result.rowCount ?? 0 }
    } catch (error) {
      return raiseServerError(error, { where, user, sent: sql })
    }
  }
  return {
    kind: parts.kind,
    server: parts.server,
    ledger: LEDGER_SCHEMA,
    queryRaw,
    async query<R extends Row>(sql: string, params?: readonly unknown[]): Promise<R[]> {
      return decode<R>(await queryRaw(sql, params), parts.types)
    },
    async execute(script) {
      sent = script
      let completed = 0
      const count = () => completed++
      const connection = connectionOf(client)
      connection.on('commandComplete', count)
      try {
        await client.query(script)
      } catch (error) {
        raiseServerError(error, { where, user, sent: script, completed })
      } finally {
        connection.off('commandComplete', count)
      }
    },
    async copyIn(sql, chunks) {
      sent = sql
      try {
        return await parts.copyIn(sql, chunks)
      } catch (error) {
        return raiseServerError(error, { where, user, sent: sql })
      }
    },
    cancel: parts.cancel,
    destroy: parts.destroy,
  }
}
