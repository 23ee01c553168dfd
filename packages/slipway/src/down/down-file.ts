import type { Choice, Change, WayStatement } from '../schema/index.ts'
import { checksum } from '../statements/index.ts'

/** How much of the state before a down migration brings: all, the schema without named data, or nothing. */
export type Grade = 'lossless' | 'lossy' | 'irreversible'

/** What a `down.sql` is made of. */
export interface DownParts {
  /** The migration that it rolls back. */
  readonly migration: { readonly name: string; readonly sql: string }
  /** What deletes the rows that the migration wrote. */
  readonly deletes: readonly string[]
  /** What rolls renames and moves back. */
  readonly renames: readonly string[]
  readonly statements: readonly WayStatement[]
  readonly losses: readonly string[]
  readonly choices: readonly Choice[]
}

/** The statements of a down migration, one a paragraph, each as `write` writes it. */
export function downBody(
  { deletes, renames, statements }: Pick<DownParts, 'deletes' | 'renames' | 'statements'>,
  write: (sql: string) => string,
): string {
  const all = [...deletes, ...renames, ...statements.map(({ sql }) => sql)]
  return all.map((sql) => `${write(sql)};\n`).join('\n')
}

/** What a proof found. */
export interface DownVerdict {
  /** Absent where the schema does not come back whole. */
  readonly grade?: Grade | undefined
  /** Objects that differ from the state before. */
  readonly notRestored: readonly Change[]
  /** Why there is no down migration. */
  readonly obstacle?: string | undefined
}

/**
 * The comments that head a `down.sql`, each of the form `-- slipway: <word> <text>`: `down of` with
 * the migration's name, `checksum` of the migration.sql that it rolls back, `grade`, `lossy` for each
 * piece of data that does not come back, `choice` for what rows or a person must decide, `unproven`
 * for each object that the down migration did not restore, `irreversible` with the reason.
 */
export function downHeader(parts: DownParts, verdict: DownVerdict): string {
  const { migration, losses, choices } = parts
  const lines = [`down of ${migration.name}`, `checksum ${checksum(migration.sql)}`]
  if (verdict.grade !== undefined) lines.push(`grade ${verdict.grade}`)
  lines.push(...losses.map((loss) => `lossy ${loss}`))
  lines.push(...choices.map(({ message }) => `choice ${message}`))
  lines.push(...verdict.notRestored.map(({ change, object }) => `unproven ${object} (${change})`))
  if (verdict.obstacle !== undefined) lines.push(`irreversible ${verdict.obstacle}`)
  return lines.map((line) => `-- slipway: ${line.replaceAll(/\s+/g, ' ')}\n`).join('')
}
