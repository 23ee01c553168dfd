import type { Session } from '../port.ts'

/**
 * A setting of the server that changes the meaning of SQL, the form of results or the duration of
 * Slipway's queries, with the value that Slipway's sessions need.
 */
export interface Pin {
  readonly name: string
  readonly value: string
  /**
   * Whether the SQL of the project's files also runs with it; otherwise files run with the value of the
   * login.
   */
  readonly inFiles: boolean
}

/**
 * For files, the role and the database decide on these settings, as in a deploy by Prisma. `jit` is off
 * because catalog queries are long and run once: on a large schema, compiling them would take longer than
 * running them.
 */
const SLIPWAY_ONLY: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  array_nulls: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
  jit: 'off',
  quote_all_identifiers: 'off',
  xmloption: 'content',
}

/**
 * Files are parsed, judged and proven with these; timeouts have their own rules, see
 * execution/postgres/limits.ts.
 */
const EVERYWHERE: Readonly<Record<string, string>> = {
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  client_min_messages: 'notice',
  lock_timeout: '0',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

/** What the server reports about a login. */
export interface Login {
  readonly versionNumber: number
  readonly superuser: boolean
}

/**
 * The settings that Slipway's sessions pin, for a server and a role that may set them. Only superusers
 * may set the language of messages and `track_counts`, by which a deploy finds what it destroys. Not
 * pinned: `default_transaction_read_only`, which may protect a database, and `role`, which decides who
 * owns what a migration creates.
 */
export function pinsFor({ versionNumber, superuser }: Login): Pin[] {
  const everywhere = {
    ...EVERYWHERE,
    ...(versionNumber >= 140_000 ? { idle_session_timeout: '0' } : {}),
    ...(versionNumber >= 170_000 ? { transaction_timeout: '0' } : {}),
    ...(superuser ? { lc_messages: 'C', track_counts: 'on' } : {}),
  }
  return [...pins(SLIPWAY_ONLY, false), ...pins(everywhere, true)]
}

function pins(values: Readonly<Record<string, string>>, inFiles: boolean): Pin[] {
  return Object.entries(values).map(([name, value]) => ({ name, value, inFiles }))
}

/**
 * SQL that gives a session the pinned settings that its login lacks. It consists of utility commands
 * only.
 */
export function pinSql({ server }: Pick<Session, 'server'>): string {
  return setSql(server.pins)
}

/** Like `pinSql`, only for the settings with which files also run. */
export function filePinSql({ server }: Pick<Session, 'server'>): string {
  return setSql(server.pins.filter(({ inFiles }) => inFiles))
}

/** Like `pinSql`, only for the settings with which files do not run. */
export function ownPinSql({ server }: Pick<Session, 'server'>): string {
  return setSql(server.pins.filter(({ inFiles }) => !inFiles))
}

/**
 * SQL that gives a session those settings of its login with which files run: the opposite of `ownPinSql`.
 */
export function unpinForFileSql({ server }: Pick<Session, 'server'>): string {
  return resetSql(server.pins.filter(({ inFiles }) => !inFiles))
}

/** The opposite of `pinSql`. */
export function unpinSql({ server }: Pick<Session, 'server'>): string {
  return resetSql(server.pins)
}

function setSql(some: readonly Pin[]): string {
  return some.map(({ name, value }) => `SET ${name} = '${value}';\n`).join('')
}

function resetSql(some: readonly Pin[]): string {
  return some.map(({ name }) => `RESET ${name};\n`).join('')
}
