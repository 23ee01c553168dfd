import type { Project } from '../project/index.ts'

/** What `init` writes into a project. */
export interface Setup {
  /** The text of slipway.config.ts. */
  readonly config: string
  /** Lines of `.gitignore`, by the folder that has it. */
  readonly ignored: readonly { readonly folder: string; readonly lines: readonly string[] }[]
  /** Scripts of package.json by name. */
  readonly scripts: Readonly<Record<string, string>>
  /** What a person does next, as a sentence. */
  readonly next: string
}

/** What Slipway writes for this machine alone: the embedded database, caches, keys; and the usual folder of backups. */
export const IGNORED: readonly string[] = ['.slipway/', 'prisma/backups/']

/** Decides what `init` writes, for projects of one dialect. */
export type MakeSetup = (project: Project, environments: readonly string[]) => Promise<Setup>
