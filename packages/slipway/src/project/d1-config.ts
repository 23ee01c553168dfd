/** Where a D1 database is: in wrangler's state on this machine, or on Cloudflare. */
export type D1Location = 'local' | 'remote'

/**
 * Which D1 database the project is for. Its name, its id and the account are only in wrangler's
 * configuration.
 */
export interface D1Config {
  /**
   * wrangler's configuration, relative to this file; the nearest one from the project's folder upward if
   * absent: `../../apps/worker/wrangler.jsonc`.
   */
  readonly wrangler?: string
  /** The binding of the database, if the Worker has several. */
  readonly binding?: string
  /** The folder of wrangler's state, relative to this file: the value of wrangler's `--persist-to`. */
  readonly persistTo?: string
}

/** The D1 database of one environment. Absent settings are those of `d1` of the whole configuration. */
export interface EnvironmentD1Config {
  /** The environment of wrangler's configuration; the one of the same name if absent, or else its top level. */
  readonly environment?: string
  /** The binding of the database, if the Worker has several. */
  readonly binding?: string
  /**
   * The database that commands use without `--local` and `--remote`; if absent, `local` in `development`
   * and `testing`, otherwise `remote`. A remote database is unprotected only in `development` or
   * `testing`, and only if this is `remote` there.
   */
  readonly location?: D1Location
}
