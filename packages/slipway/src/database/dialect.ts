import type { Address, DatabaseKind } from './port.ts'

/**
 * The kinds of SQL that databases use. Code that differs between them is in a folder of this name in each
 * module, and each module has one table of its implementations (`dialects.ts`).
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
  /** Absent if Slipway does not deploy to it. */
  readonly dialect?: Dialect
}

const POSTGRESQL: Product = { name: 'PostgreSQL', dialect: 'postgres' }

/** The products by the `provider` of a Prisma schema. */
const PRODUCTS: Readonly<Record<string, Product>> = {
  postgresql: POSTGRESQL,
  postgres: POSTGRESQL,
  sqlite: { name: 'SQLite', dialect: 'sqlite' },
  mysql: { name: 'MySQL' },
  sqlserver: { name: 'SQL Server' },
  mongodb: { name: 'MongoDB' },
  cockroachdb: { name: 'CockroachDB' },
}

/** The product of the `provider` of a Prisma schema; an unknown one has the provider as its name. */
export function productOf(provider: string): Product {
  const known = Object.hasOwn(PRODUCTS, provider) ? PRODUCTS[provider] : undefined
  return known ?? { name: provider }
}
