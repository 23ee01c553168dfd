import { isDeepStrictEqual } from 'node:util'
import { extract, type ExtractResult } from '@supabase/pg-delta/extract'
import { ownPinSql, type Row, type Session } from '../../database/index.ts'
import { type Part, restrictedTo, withIndexLookup, withoutPrivileges } from './extraction-sql.ts'
import { addHeritage, withHeritage } from './heritage.ts'

export type Extracted = Pick<ExtractResult, 'factBase' | 'diagnostics'>

interface ExtractionOptions {
  /**
   * Also reads the dependencies and privileges, which take most of the time: SQL between schemas needs them, a comparison
   * does not. True by default.
   */
  readonly dependencies?: boolean
  /** Reads the objects of a part alone: besides them only schemas, extensions and what belongs to the whole database. */
  readonly part?: Part | undefined
  /** For a session that is inside a transaction, which sees and keeps its own work. */
  readonly nested?: boolean
}

/** What the server said to each query of an extraction, and all that the facts are made of. */
export type Answers = ReadonlyMap<string, readonly Row[]>

/** Reads all facts of a database in one snapshot. Parts of it share the answers that are the same for each. */
export async function extractFacts(
  session: Session,
  manner: ExtractionOptions = {},
  answers?: Map<string, readonly Row[]>,
): Promise<Extracted> {
  return await extractOver(session, manner, answers)
}

async function extractOver(
  session: Session,
  manner: ExtractionOptions,
  answers?: Map<string, readonly Row[]>,
): Promise<Extracted> {
  const heirs: Row[] = []
  const { factBase, diagnostics } = await extract(poolOver(session, { ...manner, heirs }, answers))
  addHeritage(factBase, heirs)
  return { factBase, diagnostics }
}

type Found<R> = { readonly same: R } | { readonly extracted: Extracted; readonly answers: Answers }

/** Runs the queries of an extraction. If their results equal those of an earlier one, that one is returned. */
export async function extractUnlessSame<R extends { readonly answers: Answers }>(
  session: Session,
  manner: ExtractionOptions,
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
  const extracted = await extractOver(session, manner, answers)
  return { extracted, answers }
}

/** Part of pg-delta's query for what depends on what. */
const DEPENDENCIES = 'WITH dep AS'
/** On 13 it asks for a column that came with 14. No schema holds a subscription, so none is missed. */
const SUBSCRIPTIONS = 'FROM pg_subscription'
const ENDS = new Set(['COMMIT', 'ROLLBACK'])

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/** What pg-delta sends around its queries, as it must be inside a transaction: its settings end with it. */
const NESTED: Readonly<Record<string, string>> = {
  [BEGIN]: 'SAVEPOINT slipway_catalog',
  COMMIT: 'ROLLBACK TO SAVEPOINT slipway_catalog',
  ROLLBACK: 'ROLLBACK TO SAVEPOINT slipway_catalog',
}

/** The server converts all of a query to the encoding of the database, which may not have the arrow of a comment. */
function withAsciiComments(text: string): string {
  return text.replaceAll(/^\s*--.*$/gm, (comment) => comment.replaceAll(/[^\x20-\x7E]/g, ' '))
}

/** pg-delta asks a `pg` pool for one client; this one is the session itself, which it may not end. */
function poolOver(
  session: Session,
  { dependencies = true, nested = false, part, heirs }: ExtractionOptions & { heirs: Row[] },
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
      const ascii = withHeritage(withIndexLookup(withAsciiComments(text)))
      const rows = await rowsOf(dependencies ? ascii : withoutPrivileges(ascii))
      for (const row of rows) if (row['_heritage']) heirs.push(row)
      return { rows, rowCount: rows.length }
    },
    release() {},
  }
  return { connect: async () => client } as unknown as ReturnType<typeof poolOver>
}
