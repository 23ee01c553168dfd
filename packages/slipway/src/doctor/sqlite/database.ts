import { accessSync, constants, existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { databaseName, type Session, withSession } from '../../database/index.ts'
import { attempt, formatBytes } from '../../kernel/index.ts'
import type { Project, Target } from '../../project/index.ts'
import { type Check, failed, passed, skipped, warned } from '../check.ts'
import { checkUsage } from './usage.ts'

/** The results of the database checks, with facts that other checks need. */
interface DatabaseReport {
  readonly checks: readonly Check[]
  readonly bytes?: number
}

const CONNECT_TIMEOUT_MS = 5000

/** Opens the database like a deploy, and checks what a deploy needs. Creates no file. */
export async function examineDatabase(project: Project, target: Target): Promise<DatabaseReport> {
  const { address } = target
  const file = address.kind === 'sqlite' ? address.file : undefined
  if (file !== undefined && !existsSync(file)) return missingFile(project, target, file)
  const options = { applicationName: 'slipway doctor', connectTimeoutMs: CONNECT_TIMEOUT_MS }
  const examined = await attempt(() =>
    withSession(address, options, async (session) => [
      passed('connection', `Slipway can open ${databaseName(address)}.`),
      ...(await checkContent(session, file !== undefined)),
      ...(address.kind === 'd1' ? await checkUsage(address) : []),
    ]),
  )
  const own = file === undefined ? [] : [checkWritable(file)]
  const bytes = file === undefined ? {} : { bytes: statSync(file).size }
  if (examined.ok) return { checks: [...examined.value, ...own, ...sizeOf(bytes.bytes)], ...bytes }
  const { message, why, nextActions } = examined.failure
  const fix = nextActions[0]?.label ?? 'Correct the settings of the database.'
  return {
    checks: [
      failed('connection', [message, why].filter(Boolean).join(' '), fix),
      skipped('database', 'This check needs a connection.'),
      ...own,
    ],
    ...bytes,
  }
}

/** A missing file of a local D1 database is fine: wrangler and Slipway create it on first use. */
function missingFile({ root }: Project, { address }: Target, file: string): DatabaseReport {
  const shown = path.relative(root, file)
  const isOfD1 = address.kind === 'sqlite' && address.d1 !== undefined
  const check = isOfD1
    ? passed('connection', `The local database does not exist yet; the first use creates ${shown}.`)
    : failed(
        'connection',
        `There is no file ${shown}.`,
        'Correct the path of the connection string, or create the database.',
      )
  return { checks: [check] }
}

/**
 * Checks the content of a file. On D1 every row read costs money, and Cloudflare maintains the file, so
 * only a query is tried there.
 */
async function checkContent(session: Session, isFile: boolean): Promise<Check[]> {
  if (!isFile) {
    await session.query('SELECT count(*) AS tables FROM sqlite_schema')
    return []
  }
  const [row] = await session.query<{ quick_check: string }>('PRAGMA quick_check(1)')
  const found = row?.quick_check ?? 'no answer'
  const version = passed('SQLite', `Version ${session.server.version}.`)
  if (found !== 'ok') {
    const message = `SQLite finds the file damaged: ${found}.`
    return [version, failed('integrity', message, 'Restore the file from a backup.')]
  }
  return [
    version,
    passed('integrity', 'SQLite finds no damage in the file.'),
    await checkKeys(session),
  ]
}

/** Rows that already violate a foreign key make a deploy fail if it changes them with keys enforced. */
async function checkKeys(session: Session): Promise<Check> {
  const name = 'foreign keys'
  const read = await attempt(() =>
    session.query<{ table: string; rows: number }>(
      `SELECT "table", count(*) AS rows FROM pragma_foreign_key_check GROUP BY "table" ORDER BY "table"`,
    ),
  )
  if (!read.ok) {
    const { sqlite, message } = read.failure
    return warned(
      name,
      `SQLite cannot check them: ${sqlite?.message ?? message}.`,
      'Let each foreign key refer to existing columns with a primary key or a unique index.',
    )
  }
  const rows = read.value
  if (rows.length === 0) return passed(name, 'Every reference points to an existing row.')
  const list = rows.slice(0, 3).map(({ table, rows: count }) => `${table} (${count})`)
  const message = `Rows refer to rows that do not exist: ${list.join(', ')}${rows.length > 3 ? ' and more' : ''}.`
  return warned(
    name,
    message,
    'Delete or correct these rows before a deploy that changes their tables.',
  )
}

/** Checks the file and its folder, because SQLite writes its journal next to the file. */
function checkWritable(file: string): Check {
  for (const place of [file, path.dirname(file)]) {
    try {
      accessSync(place, constants.W_OK)
    } catch {
      const what = place === file ? 'The file' : 'The folder of the file'
      return failed(
        'writable',
        `${what} may not be written to.`,
        'Give your user permission to write there.',
      )
    }
  }
  return passed('writable', 'The file and its folder are writable.')
}

function sizeOf(bytes: number | undefined): Check[] {
  return bytes === undefined
    ? []
    : [passed('database size', `The database is ${formatBytes(bytes)}.`)]
}
