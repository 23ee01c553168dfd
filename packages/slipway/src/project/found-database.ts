import type { Address } from '../database/index.ts'
import type { D1Location } from './d1-config.ts'
import type { Project, Setting } from './project.ts'

/** What the user specified about the database. */
export interface DatabaseRequest {
  /** The environment, by `--env` or SLIPWAY_ENV. */
  readonly named: string | undefined
  readonly urlFlag: string | undefined
  /** By `--local` or `--remote`. */
  readonly location: D1Location | undefined
  /** The use case may work without a database, so missing settings are not a failure. */
  readonly unused: boolean
}

/** The selected database, before it is decided which environment's policy applies. */
export interface FoundDatabase {
  /** Where it comes from, for people. */
  readonly source: string
  /** Whether it is on this machine. */
  readonly local: boolean
  /**
   * Whether the configuration gives it to the named environment, so that the environment's policy
   * applies.
   */
  readonly own: boolean
  /** The environments to which the configuration gives it. */
  readonly owners: readonly string[]
  /** The variable of the connection string, if it is not set and the embedded database is used instead. */
  readonly unsetVariable?: string
  /** The database with the settings of an environment. */
  in(environment: string): DatabaseInEnvironment
}

/** A database with an environment's settings for it. */
export interface DatabaseInEnvironment {
  readonly address: Address
  readonly direct?: Address
  readonly schemas: readonly string[]
  /** Settings that show where it is, for `doctor`. */
  readonly place: readonly Setting[]
  /** Its other settings. */
  readonly more: readonly Setting[]
}

/** Finds the selected database, for projects of one dialect. */
export type FindDatabase = (project: Project, request: DatabaseRequest) => Promise<FoundDatabase>
