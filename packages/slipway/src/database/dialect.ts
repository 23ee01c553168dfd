import type { Address, DatabaseKind } from './port.ts'

/**
 * The kinds of databases by their SQL: what differs between them stands in a folder of this name in each module,
 * and each module has one table of its implementations (`dialects.ts`).
 */
export type Dialect = 'postgres' | 'sqlite'

/** One implementation of something for each dialect. */
export type ByDialect<T> = Readonly<Record<Dialect, T>>

const DIALECTS: Readonly<Record<DatabaseKind, Dialect>> = {
  postgres: 'postgres',
  embedded: 'postgres',
  sqlite: 'sqlite',
}

/** The dialect of a session or an address. */
export function dialectOf({ kind }: Pick<Address, 'kind'>): Dialect {
  return DIALECTS[kind]
}

/** The dialects by the `provider` of a Prisma schema. */
const PROVIDERS: Readonly<Record<string, Dialect>> = {
  postgresql: 'postgres',
  postgres: 'postgres',
  sqlite: 'sqlite',
}

/** The dialect of a `provider` of a Prisma schema; nothing for a database that Slipway does not know. */
export function dialectOfProvider(provider: string): Dialect | undefined {
  return Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined
}
