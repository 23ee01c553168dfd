/** SQL that runs with a statement, in its transaction; each text is one command, without its semicolon. */
export interface Companion {
  readonly before?: readonly string[]
  /** In the place of the statement. */
  readonly instead?: readonly string[]
  readonly after?: readonly string[]
}

/** Companions of a file's statements, by their numbers. */
export type Companions = ReadonlyMap<number, Companion>

/** Nothing is kept and nothing is restored. */
export const NO_COMPANIONS: Companions = new Map()
