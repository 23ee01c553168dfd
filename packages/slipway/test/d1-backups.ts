import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  createBackup,
  type CreateRequest,
  folderStore,
  type Manifest,
  restoreBackup,
  type RestoreOutcome,
  type RestoreRequest,
  verifyBackup,
  type VerifyOutcome,
} from '../src/backup/index.ts'
import { EVERYTHING } from '../src/backup/sqlite/everything.fixture.ts'
import type { Address } from '../src/database/index.ts'

/** The part of `EVERYTHING` that D1 can contain and Slipway can restore there. */
export const D1_CONTENTS: string = EVERYTHING.replaceAll(
  /^PRAGMA (?:user_version|application_id).*$/gm,
  '',
).replaceAll(/^.*contentless.*$/gm, '')

/** Backups in a folder, as the commands create them. */
export interface TestBackups {
  create(address: Address, more?: Partial<CreateRequest>): Promise<Manifest>
  verify(): Promise<VerifyOutcome>
  restore(address: Address, more?: Partial<RestoreRequest>): Promise<RestoreOutcome>
}

/** Uses the newest backup of the store. Consent is given. */
export function backupsIn(folder: string): TestBackups {
  const signal = new AbortController().signal
  const common = { store: folderStore(folder), env: process.env, signal, emit: () => {}, jobs: 1 }
  const newest = {
    name: { id: undefined, environment: 'production' },
    keys: { identities: [], passphrases: [] },
  }
  return {
    create: async (address, more = {}) =>
      await createBackup({
        ...common,
        address,
        environment: 'production',
        encryption: undefined,
        format: undefined,
        globals: false,
        sums: true,
        excludedData: { asked: [], configured: [] },
        schemas: ['main'],
        before: [],
        version: '0.0.0',
        ...more,
      }),
    verify: async () =>
      await verifyBackup({ ...common, ...newest, quick: false, server: undefined }),
    restore: async (address, more = {}) =>
      await restoreBackup({
        ...common,
        ...newest,
        address,
        tables: [],
        dataOnly: false,
        noOwner: false,
        dropOld: false,
        command: ['backup', 'restore'],
        mayConsent: true,
        consent: async () => {},
        ...more,
      }),
  }
}

/** Writes to a file without D1's restrictions. */
export function fill(file: string, sql: string): void {
  const database = new DatabaseSync(file, { defensive: false })
  try {
    database.exec(sql)
  } finally {
    database.close()
  }
}

interface Contents {
  readonly objects: unknown
  readonly rows: readonly (readonly [table: string, rows: readonly string[]])[]
}

/** All definitions and exact rows of a file, without Cloudflare's own tables. */
export function contents(file: string): Contents {
  const database = new DatabaseSync(file, { readOnly: true })
  const isOwn = (column: string) => `${column} NOT LIKE '\\_cf\\_%' ESCAPE '\\'`
  try {
    const objects = database
      .prepare(
        `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE ${isOwn('tbl_name')} ORDER BY type, name`,
      )
      .all()
    const tables = database
      .prepare(
        `SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')
          AND name <> 'sqlite_schema' AND ${isOwn('name')} ORDER BY name`,
      )
      .all() as unknown as { name: string; wr: number }[]
    return { objects, rows: tables.map((table) => [table.name, rowsOf(database, table)]) }
  } finally {
    database.close()
  }
}

function rowsOf(database: DatabaseSync, { name, wr }: { name: string; wr: number }): string[] {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  const values = database
    .prepare(`SELECT * FROM ${quoted(name)}`)
    .columns()
    .map(({ column }) => {
      const one = quoted(String(column))
      return `typeof(${one}) || CASE WHEN typeof(${one}) IN ('text', 'blob') THEN hex(${one})
        WHEN typeof(${one}) = 'real' AND ${one} = 0.0 THEN atan2(${one}, -1) ELSE quote(${one}) END`
    })
  // A table of the fixture has columns with all names of the rowid.
  const id = wr || name === 'taken' ? '' : '_rowid_, '
  const statement = database.prepare(`SELECT ${id}${values.join(', ')} FROM ${quoted(name)}`)
  statement.setReturnArrays(true)
  statement.setReadBigInts(true)
  return statement.all().map(String).toSorted()
}

/** The same without the tables of indexes, which D1 rebuilds. */
export function contentsWithoutIndexes(file: string): Contents {
  const { objects, rows } = contents(file)
  const isIndex = /_(?:data|idx|docsize|config|node|parent|rowid)$/
  return { objects, rows: rows.filter(([name]) => !isIndex.test(name)) }
}

/** The same without the table in which a restore leaves its mark, which no backup contains. */
export function withoutMark({ objects, rows }: Contents): Contents {
  const isMark = (text: unknown) => JSON.stringify(text).includes('_slipway_restored')
  return {
    objects: (objects as readonly unknown[]).filter((one) => !isMark(one)),
    rows: rows.filter(([table]) => !isMark(table)),
  }
}

/** The address of a test's database file. */
export function fileIn(folder: string, name: string): { kind: 'sqlite'; file: string } {
  return { kind: 'sqlite', file: path.join(folder, name) }
}
