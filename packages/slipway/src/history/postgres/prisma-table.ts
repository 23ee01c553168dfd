import { quoteIdentifier, quoteLiteral } from '../../database/index.ts'
import type { PrismaTable } from '../prisma-table.ts'

/** Source: Prisma's PostgreSQL connector. */
export const postgresTable: PrismaTable = {
  nameSql: ({ server }) => `${quoteIdentifier(server.schema)}._prisma_migrations`,
  columnsSql: `    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0`,
  nowSql: 'now()',
  clockSql: 'clock_timestamp()',
  timeSql: (column) => column,
  literal: quoteLiteral,
  isMissing: ({ server }) => server?.sqlstate === '42P01',
}
