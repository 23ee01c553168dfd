/** SQL that runs with a statement, in its transaction; each text is one command, without its semicolon. */
export interface StatementHooks {
  readonly before?: readonly string[]
  /** Replaces the statement. */
  readonly instead?: readonly string[]
  readonly after?: readonly string[]
}

/** Hooks of a file's statements, by their numbers: they keep what a statement destroys, or restore it. */
export type Hooks = ReadonlyMap<number, StatementHooks>

/** Keeps nothing and restores nothing. */
export const NO_HOOKS: Hooks = new Map()
