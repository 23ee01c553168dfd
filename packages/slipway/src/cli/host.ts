import type { Readable } from 'node:stream'

/** An output stream. Whether it is a terminal, and its width, decide how it is drawn on. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** The stream from which answers are read. */
export type Input = Readable & { readonly isTTY?: boolean }

/** The file operations of the command line itself. Paths are absolute. */
export interface Files {
  isFolder(path: string): Promise<boolean>
  /** Appends to a file, and creates it if it does not exist. */
  append(path: string, text: string): Promise<void>
}

/** The process as the command line sees it: bin.ts passes the real one, tests pass their own. */
export interface Host {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** A function, because opening it takes time, and most commands do not prompt. */
  readonly stdin: () => Input
  readonly stdout: Output
  readonly stderr: Output
  readonly files: Files
  readonly now: () => number
  readonly signal: AbortSignal
  /** Rejects with an uncaught exception, so that the running command can still report it as a bug. */
  readonly crashed: Promise<never>
  /** How the user started Slipway, as the words before a command: `npx slipway`. */
  readonly program: () => string
  /** Version of Slipway. */
  readonly version: () => string
}
