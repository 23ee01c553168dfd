/** SQL that runs with a statement, in its transaction; each text is one command, without its semicolon. */
export interface StatementHooks {
  readonly before?: readonly string[]
  /** In the place of the statement. */
  readonly instead?: readonly string[]
  readonly after?: readonly string[]
}

/** Hooks of a file's statements, by their numbers: they keep what a statement destroys, or restore it. */
export type Hooks = ReadonlyMap<number, StatementHooks>

/** Nothing is kept and nothing is restored. */
export const NO_HOOKS: Hooks = new Map()
