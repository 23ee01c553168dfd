/** The bindings of wrangler.jsonc. */
export interface Env {
  readonly DB: D1Database
}
