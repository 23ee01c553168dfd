import type { Project } from '../project/index.ts'

/** What `init` writes into a project. */
export interface Setup {
  /** The text of slipway.config.ts. */
  readonly config: string
  /** Lines for `.gitignore`, with its folder. */
  readonly ignored: readonly { readonly folder: string; readonly lines: readonly string[] }[]
  /** Scripts of package.json by name. */
  readonly scripts: Readonly<Record<string, string>>
  /** What the user should do next, as a sentence. */
  readonly next: string
}

/** Folders only for this machine: the embedded database, caches and keys; and the default backup folder. */
export const IGNORED: readonly string[] = ['.slipway/', 'prisma/backups/']

/** Decides what `init` writes, for projects of one dialect. */
export type MakeSetup = (project: Project, environments: readonly string[]) => Promise<Setup>
