import type { Address } from '../database/index.ts'
import type { D1Location } from './d1-config.ts'
import type { Project, Setting } from './project.ts'

/** What a person said about the database. */
export interface DatabaseRequest {
  /** The environment, by `--env` or SLIPWAY_ENV. */
  readonly named: string | undefined
  readonly urlFlag: string | undefined
  /** By `--local` or `--remote`. */
  readonly location: D1Location | undefined
  /** The use case may work without a database: nothing that is missing is a failure. */
  readonly unused: boolean
}

/** The database that is meant, before it is decided whose policy holds there. */
export interface FoundDatabase {
  /** Where it comes from, for people. */
  readonly source: string
  /** It is on this machine. */
  readonly local: boolean
  /** The environment was given it by name, so its name says what may happen there. */
  readonly own: boolean
  /** The environments to which the configuration gives it. */
  readonly owners: readonly string[]
  /** The variable of the connection string, if it is not set and the embedded database is used instead. */
  readonly unsetVariable?: string
  /** The database as an environment has it. */
  in(environment: string): DatabaseInEnvironment
}

/** A database with what the configuration of an environment says about it. */
export interface DatabaseInEnvironment {
  readonly address: Address
  readonly direct?: Address
  readonly schemas: readonly string[]
  /** Where it is, for the settings of `doctor`. */
  readonly place: readonly Setting[]
  /** Its other settings. */
  readonly more: readonly Setting[]
}

/** Finds the database that is meant, for projects of one dialect. */
export type FindDatabase = (project: Project, request: DatabaseRequest) => Promise<FoundDatabase>
