import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runCli } from './cli-in-process.ts'
import { writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

/** The outcome of a seed command. */
export interface SeedSaid {
  readonly exitCode: number
  readonly stdout: string
  readonly code: string | undefined
  readonly failure: {
    readonly code: string
    readonly message: string
    readonly why?: string
    readonly where?: { readonly file?: string; readonly line?: number }
    readonly nextActions: readonly { readonly label: string; readonly command?: string }[]
  } | null
  readonly findings: readonly { readonly id: string; readonly message: string }[]
  readonly sets: readonly {
    readonly name: string
    readonly inserted: number
    readonly updated: number
    readonly deleted: number
    readonly unchanged: number
    readonly tables: readonly {
      readonly table: string
      readonly cascaded?: readonly unknown[]
      readonly rows?: readonly unknown[]
    }[]
  }[]
}

/** A project with one migration, which is applied to its target, and its seed sets. */
export interface SeedProject {
  readonly root: string
  readonly target: TestTarget
  /** Writes files in `prisma/seeds`, by their names there. */
  write(files: Readonly<Record<string, string | Uint8Array>>): void
  /** Writes the set `base` as JSON. */
  tables(tables: Readonly<Record<string, unknown>>, more?: Readonly<Record<string, unknown>>): void
  seed(...args: readonly string[]): Promise<SeedSaid>
  drop(): Promise<void>
}

/** Creates such a project; `sql` is its migration. */
export async function seedProject(sql: string, models = ''): Promise<SeedProject> {
  const target = await createTarget()
  const root = writeProject([{ name: '1_init', sql }], models)
  shareImages(root)
  const deployed = await runCli(['deploy', '--url', target.url], { cwd: root })
  if (deployed.exitCode !== 0) throw new TypeError(deployed.stdout + deployed.stderr)
  const write: SeedProject['write'] = (files) => {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(root, 'prisma/seeds', name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
  }
  return {
    root,
    target,
    write,
    tables: (tables, more) =>
      write({ 'base/set.json': JSON.stringify({ version: 1, tables, ...more }) }),
    async seed(...args) {
      const argv = ['seed', ...args, '--url', target.url, '--json']
      const { exitCode, stdout } = await runCli(argv, { cwd: root })
      const { result, failure, findings } = JSON.parse(stdout) as Omit<SeedSaid, 'sets'> & {
        result: Pick<SeedSaid, 'sets'> | null
      }
      const sets = result?.sets ?? []
      return { exitCode, stdout, code: failure?.code, failure, findings, sets }
    },
    async drop() {
      await target.drop()
      rmSync(root, { recursive: true })
    },
  }
}
