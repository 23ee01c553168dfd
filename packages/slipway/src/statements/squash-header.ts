import { checksum } from './checksum.ts'

/** A migration that a squash replaces. */
export interface SquashedMigration {
  readonly name: string
  /** The checksums of its text, with either kind of line ending. */
  readonly checksums: readonly string[]
  /** The earlier squash that replaced it, which this squash replaces in turn. */
  readonly within?: string
}

const WORD = /("(?:[^"\\]|\\.)*"|[\w.-]+)/.source
const LINE = new RegExp(
  `^-- slipway: squashes ${WORD}((?: [0-9a-f]{64})+)(?: within ${WORD})?\\s*$`,
)

/**
 * The migrations that a migration.sql replaces, in their order: the lines `-- slipway: squashes
 * <name> <checksum>…` at the beginning of the file. None for an ordinary migration. Pure.
 */
export function squashedIn(sql: string): SquashedMigration[] {
  // A byte order mark is not SQL.
  const text = sql.replace(/^\uFEFF/, '')
  if (!text.startsWith('-- slipway: squashes ')) return []
  const squashed: SquashedMigration[] = []
  for (const line of text.split('\n')) {
    const [, name, sums = '', within] = LINE.exec(line) ?? []
    if (name === undefined) break
    const checksums = sums.trim().split(' ')
    squashed.push({
      name: nameOf(name),
      checksums,
      ...(within === undefined ? {} : { within: nameOf(within) }),
    })
  }
  return squashed
}

/** The header of a squash: the migrations that it replaces, and those that a replaced squash replaced. */
export function squashHead(
  migrations: readonly { readonly name: string; readonly sql: string }[],
): string {
  const lines = migrations.flatMap(({ name, sql }) => [
    `squashes ${wordOf(name)} ${checksumsOf(sql).join(' ')}`,
    ...squashedIn(sql).map((inner) => {
      const within = wordOf(inner.within ?? name)
      return `squashes ${wordOf(inner.name)} ${inner.checksums.join(' ')} within ${within}`
    }),
  ])
  return lines.map((line) => `-- slipway: ${line}\n`).join('')
}

/** The lines of a text without those that make it a squash. */
export function withoutSquashHead(sql: string): string {
  const lines = sql.split('\n')
  return lines.slice(squashedIn(sql).length).join('\n')
}

function checksumsOf(sql: string): string[] {
  const unix = sql.replaceAll('\r\n', '\n')
  return [...new Set([sql, unix, unix.replaceAll('\n', '\r\n')].map(checksum))]
}

/** A name as written in the header: quoted as in JSON if it contains a space or a special character. */
function wordOf(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : JSON.stringify(name)
}

function nameOf(word: string): string {
  return word.startsWith('"') ? (JSON.parse(word) as string) : word
}
