import { withSession } from '../../database/index.ts'
import type { Column, EngineDialect } from '../engine-dialect.ts'

/** Prisma's numbers for the types of SQLite. Source: `ColumnTypeEnum` of its driver adapters. */
const INT64 = 1
const DOUBLE = 3
const TEXT = 7
const DATETIME = 10
const BYTES = 13

export const sqliteEngine: EngineDialect = {
  provider: 'sqlite',
  lockProvider: 'sqlite',
  // With another adapter name, the engine locks the whole file.
  adapterName: '@prisma/adapter-d1',
  prepare: async () => {},
  columnOf: ({ type = '' }) => columnOf(type.toUpperCase()),
  /** Times are milliseconds, as Prisma's own engine writes them to SQLite. */
  argument(value, type) {
    return type === 'datetime' && typeof value === 'string' ? Date.parse(value) : value
  },
  errorOf({ sqlite }) {
    return sqlite && { kind: 'sqlite', extendedCode: sqlite.code, message: sqlite.message }
  },
  isWithoutHistory: ({ sqlite }) => sqlite?.message === 'no such table: _prisma_migrations',
  withShadow: (work) => withSession({ kind: 'sqlite' }, {}, work),
  createsSchema: () => false,
}

function columnOf(type: string): Column {
  const [number, read] = readerOf(type)
  return { type: number, read: (text) => (text === null ? null : read(text)) }
}

/** Follows sqlite.org/datatype3.html, section 3.1, as far as the engine reads such columns. */
function readerOf(type: string): readonly [number, (text: string) => unknown] {
  if (type === 'DATETIME' || type === 'TIMESTAMP') return [DATETIME, timeOf]
  if (type.includes('INT')) return [INT64, (text) => text]
  if (type === 'BLOB') return [BYTES, (text) => [...Buffer.from(text, 'hex')]]
  if (['REAL', 'FLOA', 'DOUB'].some((word) => type.includes(word))) return [DOUBLE, Number]
  return [TEXT, (text) => text]
}

/** Converts milliseconds, or the text that a column's default writes, to RFC 3339. */
function timeOf(text: string): string {
  const milliseconds = Number(text)
  if (!Number.isNaN(milliseconds)) return new Date(milliseconds).toISOString()
  return text.includes('T') ? text : `${text.replace(' ', 'T')}Z`
}
