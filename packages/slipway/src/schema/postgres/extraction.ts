import { isDeepStrictEqual } from 'node:util'
import { extract, type ExtractResult } from '@supabase/pg-delta/extract'
import { ownPinSql, type Row, type Session } from '../../database/index.ts'
import {
  type Part,
  restrictedTo,
  withIcuLocale,
  withIndexLookup,
  withoutDefaultMultiranges,
  withoutPrivileges,
} from './extraction-sql.ts'
import { addInheritance, withInheritance } from './inheritance.ts'

export type Extracted = Pick<ExtractResult, 'factBase' | 'diagnostics'>

interface ExtractionOptions {
  /**
   * Also reads the dependencies and privileges, which take most of the time: SQL between schemas needs them, a comparison
   * does not. True by default.
   */
  readonly dependencies?: boolean
  /** Reads only the objects of a part, and all schemas, extensions and database-wide objects. */
  readonly part?: Part | undefined
  /** For a session inside a transaction: it sees the session's own changes and keeps them. */
  readonly nested?: boolean
}

/** The results of all queries of an extraction. The facts are built from nothing else. */
export type Answers = ReadonlyMap<string, readonly Row[]>

/**
 * Reads all facts of a database in one snapshot. Parts of a database share the results that are the same for
 * all of them.
 */
export async function extractFacts(
  session: Session,
  options: ExtractionOptions = {},
  answers?: Map<string, readonly Row[]>,
): Promise<Extracted> {
  return await extractOver(session, options, answers)
}

async function extractOver(
  session: Session,
  options: ExtractionOptions,
  answers?: Map<string, readonly Row[]>,
): Promise<Extracted> {
  const inheritanceRows: Row[] = []
  const { factBase, diagnostics } = await extract(
    sessionPool(session, { ...options, inheritanceRows }, answers),
  )
  addInheritance(factBase, inheritanceRows)
  return { factBase, diagnostics }
}

type Found<R> = { readonly same: R } | { readonly extracted: Extracted; readonly answers: Answers }

/**
 * Runs the queries of an extraction. If their results equal those of an earlier extraction, that one is
 * returned.
 */
export async function extractUnlessSame<R extends { readonly answers: Answers }>(
  session: Session,
  options: ExtractionOptions,
  earlier: readonly R[],
): Promise<Found<R>> {
  const answers = new Map<string, readonly Row[]>()
  const [first] = earlier
  if (first) {
    // The queries are the same each time. The first of them begins a transaction.
    try {
      for (const query of first.answers.keys()) answers.set(query, await session.query(query))
      const same = earlier.find((one) => isDeepStrictEqual(one.answers, answers))
      if (same) {
        await session.execute('COMMIT')
        return { same }
      }
    } catch (error) {
      await session.execute('ROLLBACK')
      throw error
    }
  }
  const extracted = await extractOver(session, options, answers)
  return { extracted, answers }
}

/** Part of pg-delta's query for dependencies. */
const DEPENDENCIES = 'WITH dep AS'
/**
 * This query reads a column that PostgreSQL 13 lacks. It is skipped there, because no schema contains a
 * subscription.
 */
const SUBSCRIPTIONS = 'FROM pg_subscription'
const ENDS = new Set(['COMMIT', 'ROLLBACK'])

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/**
 * Replacements for pg-delta's own BEGIN, COMMIT and ROLLBACK inside a transaction. The rollback to the
 * savepoint also undoes its settings.
 */
const NESTED: Readonly<Record<string, string>> = {
  [BEGIN]: 'SAVEPOINT slipway_catalog',
  COMMIT: 'ROLLBACK TO SAVEPOINT slipway_catalog',
  ROLLBACK: 'ROLLBACK TO SAVEPOINT slipway_catalog',
}

/**
 * The server converts the whole query to the encoding of the database, which may lack the arrows in comments.
 */
function withAsciiComments(text: string): string {
  return text.replaceAll(/^\s*--.*$/gm, (comment) => comment.replaceAll(/[^\x20-\x7E]/g, ' '))
}

/** What changes in each of pg-delta's queries. */
const ADAPTATIONS: readonly ((query: string) => string)[] = [
  withAsciiComments,
  withIndexLookup,
  withInheritance,
  withoutDefaultMultiranges,
  withIcuLocale,
]

/**
 * A substitute for the `pg` pool from which pg-delta takes one client: the session itself, which pg-delta
 * must not end.
 */
function sessionPool(
  session: Session,
  {
    dependencies = true,
    nested = false,
    part,
    inheritanceRows,
  }: ExtractionOptions & { inheritanceRows: Row[] },
  answers?: Map<string, readonly Row[]>,
): Parameters<typeof extract>[0] {
  const unread = [
    ...(dependencies ? [] : [DEPENDENCIES]),
    ...(session.server.versionNumber < 140_000 ? [SUBSCRIPTIONS] : []),
  ]
  async function rowsOf(asked: string): Promise<readonly Row[]> {
    const restricted = part && restrictedTo(part, asked)
    const text = restricted ?? asked
    const known = answers?.get(text)
    if (known) return known
    if (nested && text === BEGIN) {
      await session.execute(NESTED[text] + ';\n' + ownPinSql(session))
      return []
    }
    if (unread.some((query) => text.includes(query))) return []
    const rows = await session.query(nested ? (NESTED[text] ?? text) : text)
    const kept = part ? !restricted && asked.includes('FROM') : !ENDS.has(text)
    if (kept && !text.includes(DEPENDENCIES)) answers?.set(text, rows)
    return rows
  }
  const client = {
    async query(text: string) {
      const adapted = ADAPTATIONS.reduce((query, adapt) => adapt(query), text)
      const rows = await rowsOf(dependencies ? adapted : withoutPrivileges(adapted))
      for (const row of rows) if (row['_heritage']) inheritanceRows.push(row)
      return { rows, rowCount: rows.length }
    },
    release() {},
  }
  return { connect: async () => client } as unknown as ReturnType<typeof sessionPool>
}
