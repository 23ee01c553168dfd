import type { Address, DatabaseKind } from './port.ts'

/**
 * The kinds of databases by their SQL. Code that differs between them is in a folder of this name in each module,
 * and each module has one table of its implementations (`dialects.ts`).
 */
export type Dialect = 'postgres' | 'sqlite'

/** One implementation of something for each dialect. */
export type ByDialect<T> = Readonly<Record<Dialect, T>>

const DIALECTS: Readonly<Record<DatabaseKind, Dialect>> = {
  postgres: 'postgres',
  embedded: 'postgres',
  sqlite: 'sqlite',
  d1: 'sqlite',
}

/** The dialect of a session or an address. */
export function dialectOf({ kind }: Pick<Address, 'kind'>): Dialect {
  return DIALECTS[kind]
}

/** A database product. */
export interface Product {
  readonly name: string
  /** Its dialect; absent if Slipway knows none. */
  readonly dialect?: Dialect
  /** Commands of Slipway work on it. */
  readonly supported: boolean
}

const POSTGRESQL: Product = { name: 'PostgreSQL', dialect: 'postgres', supported: true }

/** The products by the `provider` of a Prisma schema. */
const PRODUCTS: Readonly<Record<string, Product>> = {
  postgresql: POSTGRESQL,
  postgres: POSTGRESQL,
  // Slipway can open, parse and read it; its commands come with Cloudflare D1.
  sqlite: { name: 'SQLite', dialect: 'sqlite', supported: true },
  mysql: { name: 'MySQL', supported: false },
  sqlserver: { name: 'SQL Server', supported: false },
  mongodb: { name: 'MongoDB', supported: false },
  cockroachdb: { name: 'CockroachDB', supported: false },
}

/** The product that the `provider` of a Prisma schema means; one that Slipway does not know is called as it is written. */
export function productOf(provider: string): Product {
  const known = Object.hasOwn(PRODUCTS, provider) ? PRODUCTS[provider] : undefined
  return known ?? { name: provider, supported: false }
}
