import type { Readable } from 'node:stream'

/** A stream that is written to. Its columns and being a terminal decide how it is drawn on. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** The stream that answers are read from. */
export type Input = Readable & { readonly isTTY?: boolean }

/** The few things that the command line itself does with files. Paths are absolute. */
export interface Files {
  isFolder(path: string): Promise<boolean>
  /** Adds to a file, and makes it where there is none. */
  append(path: string, text: string): Promise<void>
}

/** The process as the command line sees it: bin.ts gives the real one, tests their own. */
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
  /** How the person started Slipway, as the words before a command: `npx slipway`. */
  readonly program: () => string
  /** Version of Slipway. */
  readonly version: () => string
}
