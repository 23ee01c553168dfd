import type { ConnectionString, Secret } from '../kernel/index.ts'
import type { Pin } from './postgres/settings.ts'

/** The driver through which a database is reached. */
export type DatabaseKind = 'postgres' | 'embedded' | 'sqlite' | 'd1'

/** Settings of a database in the configuration. */
export interface AddressSettings {
  /** The schema of Slipway's own tables on it; `LEDGER_SCHEMA` if absent. */
  readonly ledger?: string
  /** Partitioned tables whose partitions are not compared: `events`, `billing.events`. */
  readonly runtimePartitions?: readonly string[]
}

/** Where a database is. Plain data except the connection string, which cannot print its password. */
export type Address =
  | ({ readonly kind: 'postgres'; readonly url: ConnectionString } & AddressSettings)
  /**
   * PGlite. `dataDir` is a folder; if absent, the database is in memory and ends with its session.
   * `extensions` are those that the migrations create: it must load them when it opens.
   */
  | ({
      readonly kind: 'embedded'
      readonly dataDir?: string
      readonly extensions?: readonly string[]
    } & AddressSettings)
  /** A SQLite database in a file; without one it is in memory and ends with its session. */
  | { readonly kind: 'sqlite'; readonly file?: string; readonly d1?: D1Settings }
  | RemoteD1

/** Additional settings of a Cloudflare D1 database, whether it is remote or a file of wrangler's. */
export interface D1Settings {
  /** As wrangler's configuration names it: `database_name`. */
  readonly name: string
  /** The table of wrangler's history: `d1_migrations`, unless its configuration names another. */
  readonly migrationsTable: string
  /**
   * The suffix of migration names in that table: `/migration.sql` if each migration has a folder; `.sql`
   * if absent.
   */
  readonly nameEnding?: '.sql' | '/migration.sql'
}

/** A database on Cloudflare D1, reached through its REST API. */
export interface RemoteD1 {
  readonly kind: 'd1'
  readonly d1: D1Settings
  readonly accountId: string
  readonly databaseId: string
  readonly token: Secret
  /** `https://api.cloudflare.com/client/v4`, or the value of CLOUDFLARE_API_BASE_URL. */
  readonly apiUrl: string
  /**
   * How long Slipway repeats a call that Cloudflare does not answer or postpones, in ms; 60 s if absent.
   */
  readonly patienceMs?: number
}

/**
 * A row with its columns by name. Values are decoded as in `pg`; `int8` and `numeric` stay text.
 */
export type Row = Readonly<Record<string, unknown>>

/** A column of a result. */
export interface RawColumn {
  readonly name: string
  /** PostgreSQL's OID of its type; 0 on other databases. */
  readonly oid: number
  /** On SQLite: its declared type, or else the storage class of its first value. */
  readonly type?: string
}

/** A result as the server sent it: every value in its text form. */
export interface RawResult {
  readonly columns: readonly RawColumn[]
  readonly rows: readonly (readonly (string | null)[])[]
  /** The number of rows changed by INSERT, UPDATE, DELETE or MERGE; otherwise of rows returned. */
  readonly affected: number
}

/** What the server reported when the session began. */
export interface ServerInfo {
  /** As `server_version_num`: 150018 for 15.18. On SQLite as `sqlite3_libversion_number`. */
  readonly versionNumber: number
  /** As `server_version`: `15.18 (Debian …)`. */
  readonly version: string
  /** The server's name for the database. */
  readonly database: string
  /** The name of the database in the connection string, if it differs: an alias of a pooler. */
  readonly alias?: string
  readonly user: string
  /** Process id of the backend that answered first; 0 on the embedded database and on SQLite. */
  readonly pid: number
  /**
   * Whether the connection goes through a pooler: the backend is not the one that was announced at login.
   */
  readonly pooled: boolean
  /** The default schema: `?schema=` of the connection string, or else `public`; `main` on SQLite. */
  readonly schema: string
  /**
   * When the server started, in seconds since 1970, to the microsecond: equal in two sessions only if they are on one
   * server, whatever leads there. Absent on the embedded database and on SQLite.
   */
  readonly started?: string
  /** Whether the server is in recovery, and accepts no writes. Reported by servers from 14 on. */
  readonly standby: boolean
  /** As `server_encoding`. A text with other characters cannot even be sent. */
  readonly encoding: string
  /**
   * The pinned settings that the login lacks: see postgres/settings.ts. Behind a pooler, all pinned
   * settings.
   */
  readonly pins: readonly Pin[]
}

/**
 * One pinned connection. Session state (advisory locks, `SET`) lives exactly as long as the call that
 * opens the session. Errors of the server are raised as failures that keep SQLSTATE, detail, hint,
 * position.
 */
export interface Session {
  readonly kind: DatabaseKind
  readonly server: ServerInfo
  /** The schema of Slipway's own tables, a plain name: see ledger-schema.ts. */
  readonly ledger: string
  /** Partitioned tables whose partitions are not compared. */
  readonly runtimePartitions?: readonly string[]
  /**
   * SQL that fails unless this session still holds the deploy lock; see lock-guard.ts. Absent without a
   * lock.
   */
  readonly lockGuard?: string
  /** Settings of Cloudflare D1, remote or local. */
  readonly d1?: D1Settings
  /**
   * SQLite and D1 only. Runs a script as one transaction: all of it, or nothing. The script has no BEGIN
   * and no COMMIT; `foreignKeys` is whether keys are enforced while it runs. Fails with
   * DATABASE.OUTCOME_UNKNOWN if the answer of a remote database was lost: only the database shows whether
   * the script ran.
   */
  runAtomically?(script: string, options: { readonly foreignKeys: boolean }): Promise<void>
  /** One statement with parameters (`$1`), by the extended protocol. */
  query<R extends Row = Row>(sql: string, params?: readonly unknown[]): Promise<R[]>
  /** One statement, values in text form. */
  queryRaw(sql: string, params?: readonly unknown[]): Promise<RawResult>
  /**
   * Runs a script as one simple-protocol message: without BEGIN in it, one implicit transaction. On
   * SQLite, each statement of a script without BEGIN is committed on its own.
   */
  execute(script: string): Promise<void>
  /**
   * SQLite in a file or in memory only. Yields the only column of a query, which must be a BLOB, row by
   * row, so that even many rows need no memory.
   */
  stream?(sql: string): Iterable<Uint8Array>
  /** Runs `COPY … FROM STDIN` on chunks of its text as they arrive; returns the number of rows. */
  copyIn(sql: string, chunks: AsyncIterable<string>): Promise<number>
  /** Asks the server, on another connection, to cancel the running statement. */
  cancel(): Promise<void>
  /** Ends the connection immediately, without waiting for the running statement. */
  destroy(): void
}

export interface SessionOptions {
  /** Shown in `pg_stat_activity`; `slipway` if absent. */
  readonly applicationName?: string
  /** How long to wait for the server to accept the connection, in ms; 10 s if absent, no limit if 0. */
  readonly connectTimeoutMs?: number
  /**
   * Receives NOTICE and WARNING messages, as text for people. Messages about what IF EXISTS skips or
   * CASCADE drops are omitted.
   */
  readonly onNotice?: (message: string) => void
  /** Whether to create a missing SQLite file; false if absent. */
  readonly createFile?: boolean
  /** SQLite only: SQL reaches no other file, no extension and no setting beyond the database. */
  readonly isolated?: boolean
  /**
   * SQLite only: lets a dump write the tables in which SQLite stores the schema and its virtual tables.
   */
  readonly writableSchema?: boolean
  /** Ends the connection when the server sends more than this in answer to one message. Absent: no limit. */
  readonly output?: { readonly maxBytes: number; onExcess(): void } | undefined
}
