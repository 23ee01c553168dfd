import { parseJson } from '../kernel/index.ts'
import { type Choice, type Change, choiceText, type ScriptStatement } from '../schema/index.ts'
import {
  checksum,
  type Destruction,
  destructionText,
  type Marker,
  objectText,
} from '../statements/index.ts'

/**
 * How much of the previous state a rollback restores: everything; everything with the data that the deploy
 * keeps; the schema without named data; nothing. `not proven` if no run on rows has shown it.
 */
export type Grade = 'lossless' | 'lossless (kept)' | 'lossy' | 'irreversible' | 'not proven'

/** The parts of a `down.sql`. */
export interface DownParts {
  /** The migration that it rolls back. */
  readonly migration: { readonly name: string; readonly sql: string }
  /** Statements that delete the rows that the migration inserted. */
  readonly deletes: readonly string[]
  /** Statements that roll back renames and moves to other schemas. */
  readonly renames: readonly string[]
  readonly statements: readonly ScriptStatement[]
  readonly losses: readonly Destruction[]
  readonly choices: readonly Choice[]
}

/** The statements of a down migration, each formatted by `write`, with empty lines in between. */
export function downBody(
  { deletes, renames, statements }: Pick<DownParts, 'deletes' | 'renames' | 'statements'>,
  write: (sql: string) => string,
): string {
  const all = [...deletes, ...renames, ...statements.map(({ sql }) => sql)]
  return all.map((sql) => `${write(sql)};\n`).join('\n')
}

/** The result of a proof. */
export interface DownVerdict {
  /** Absent if the schema is not restored completely. */
  readonly grade?: Grade | undefined
  /** Objects that differ from the state before. */
  readonly notRestored: readonly Change[]
  /** Why there is no down migration. */
  readonly obstacle?: string | undefined
}

/** The content of a `down.sql` header, for programs. */
export interface DownFacts {
  /** Increased if the meaning of a key changes. */
  readonly format: 1
  readonly grade: Grade | null
  /** Data that is not restored. */
  readonly losses: readonly Destruction[]
  /** Decisions that depend on rows or the user. */
  readonly choices: readonly Choice[]
  /** Objects that the down migration did not restore. */
  readonly notRestored: readonly Change[]
  /** Why there is no down migration. */
  readonly obstacle: string | null
}

/**
 * The header of a `down.sql`: comments of the form `-- slipway: <word> <text>`. `down of` with the
 * migration's name, `checksum` of the migration.sql that it rolls back, `facts` with all that follows as
 * JSON, for programs. Then for people: `grade`, `lossy` for each piece of data that is not restored, `choice`
 * for a decision that depends on rows or the user, `unproven` for each object that the down migration did not
 * restore, `irreversible` with the reason. Names without a schema are in the default schema of the target.
 */
export function downHeader(parts: DownParts, verdict: DownVerdict): string {
  const { migration, losses, choices } = parts
  const { grade, notRestored, obstacle } = verdict
  const facts: DownFacts = {
    format: 1,
    grade: grade ?? null,
    losses,
    choices,
    notRestored,
    obstacle: obstacle ?? null,
  }
  const lines = [
    ...(grade === undefined ? [] : [`grade ${grade}`]),
    ...losses.map((loss) => `lossy ${destructionText(loss)}`),
    ...choices.map((choice) => `choice ${choiceText(choice)}`),
    ...notRestored.map(({ change, object }) => `unproven ${objectText(object)} (${change})`),
    ...(obstacle === undefined ? [] : [`irreversible ${obstacle}`]),
  ]
  return [
    `down of ${oneLine(migration.name)}`,
    `checksum ${checksum(migration.sql)}`,
    `facts ${JSON.stringify(facts)}`,
    ...lines.map(oneLine),
  ]
    .map((line) => `-- slipway: ${line}\n`)
    .join('')
}

/** Replaces the grade in the header of a down migration, by that of a run on rows. */
export function withGrade(sql: string, grade: Grade): string {
  return sql
    .replace(
      /^(-- slipway: facts .*?"grade":)"[^"]*"/m,
      (_whole, head: string) => head + JSON.stringify(grade),
    )
    .replace(/^(-- slipway: grade ).*$/m, (_whole, head: string) => head + grade)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

/** The facts in the header of a `down.sql`; undefined if an older Slipway or a user wrote it without any. */
export async function readDownFacts(markers: readonly Marker[]): Promise<DownFacts | undefined> {
  const json = markers.find(({ name }) => name === 'facts')?.value
  if (json === undefined) return undefined
  const read = await parseJson<DownFacts>(
    json,
    () => import('./down-facts.schema.json', { with: { type: 'json' } }),
  )
  return 'value' in read ? read.value : undefined
}
