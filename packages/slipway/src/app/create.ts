import { type AskRenames, createMigration, type CreateOutcome } from '../create/index.ts'
import type { DownMigration, Grade } from '../down/index.ts'
import { command } from '../kernel/index.ts'
import type { Proof } from '../proof/index.ts'
import type { AppContext } from './context.ts'
import type { UseCaseReturn } from './outcome.ts'
import { readWork, shadowOptions, type Work } from './work.ts'

type Written = Extract<CreateOutcome, { readonly kind: 'written' }>
type Down = NonNullable<Written['down']>

/** Options of a new migration. */
export interface CreateOptions {
  /** `User.name=fullName`, `OldModel=NewModel`, `Status.OLD=NEW`. */
  readonly renames?: readonly string[] | undefined
  /** Everything that `renames` does not name is a drop and an add. */
  readonly noRename?: boolean | undefined
  /** Write a migration to be completed manually, even if nothing differs. */
  readonly empty?: boolean | undefined
  /** Returns the `flag`s of candidates that are renames. Without it, an undecided candidate is a failure. */
  readonly chooseRenames?: AskRenames | undefined
}

/** The down migration that was written. */
export interface WrittenDown extends Pick<
  DownMigration,
  'proven' | 'losses' | 'choices' | 'notRestored'
> {
  readonly path: string
  readonly grade: Grade | null
  readonly proof: Proof | null
}

/** What was written; `migration` and `down` are null if the schema matches the migrations. */
export interface CreateResult {
  readonly migration: {
    readonly name: string
    readonly path: string
    readonly sql: string
    /** Whether its timestamp is in the future, because it follows a migration with a future timestamp. */
    readonly ahead: boolean
  } | null
  readonly down: WrittenDown | null
  readonly statements: number
  /** Objects that the schema language cannot express, and that are therefore not dropped. */
  readonly kept: CreateOutcome['kept']
  /** Objects and parts that the schema language cannot express and the migration loses, with the reasons. */
  readonly notKept: CreateOutcome['notKept']
}

/** Writes the migration from the history to the schema, and its down migration. Touches no target. */
export async function writeMigration(
  context: AppContext,
  name: string,
  options: CreateOptions,
): Promise<UseCaseReturn<CreateResult>> {
  const work = await readWork(context, { mayLackMigrations: true, withoutTarget: true })
  const result = await createFrom(context, work, { ...options, name })
  return { result, next: result.migration ? [command(['deploy'], 'apply the migration')] : [] }
}

/** The name of a migration, or how it is chosen. */
export interface NamedMigration {
  /** Derived from the change if absent. */
  readonly name?: string | undefined
  /** Chooses the name if none is given; its argument is the name derived from the change. */
  readonly chooseName?: ((suggested: string) => Promise<string>) | undefined
}

/** Like `writeMigration`, for a project that has already been read. */
export async function createFrom(
  context: AppContext,
  work: Work,
  asked: CreateOptions & NamedMigration,
): Promise<CreateResult> {
  const { project, migrations } = work
  const { name, renames = [], noRename = false, empty = false } = asked
  const outcome = await createMigration(
    {
      files: project.schema.files,
      migrationsDir: project.migrationsDir,
      layout: project.migrationsLayout,
      history: migrations,
      shadow: shadowOptions(work),
      filter: {
        externalTables: [...project.external.tables],
        externalEnums: [...project.external.enums],
      },
      name,
      chooseName: asked.chooseName,
      now: new Date(context.now()),
      renames,
      noRename,
      allowEmpty: empty,
    },
    asked.chooseRenames,
  )
  return createResult(outcome)
}

function createResult(outcome: CreateOutcome): CreateResult {
  if (outcome.kind === 'nothing-to-do')
    return { ...pickKept(outcome), migration: null, down: null, statements: 0 }
  const { name, ahead, path, sql, down, statements } = outcome
  return {
    migration: { name, path, sql, ahead },
    down: down ? downResult(down) : null,
    statements,
    ...pickKept(outcome),
  }
}

function pickKept({ kept, notKept }: CreateOutcome): Pick<CreateResult, 'kept' | 'notKept'> {
  return { kept, notKept }
}

function downResult(down: Down): WrittenDown {
  const { path, grade = null, proven, losses, choices, notRestored, proof = null } = down
  return { path, grade, proven, losses, choices, notRestored, proof }
}
