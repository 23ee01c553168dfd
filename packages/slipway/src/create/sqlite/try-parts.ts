import { quoteIdentifier, type Session } from '../../database/index.ts'
import { refusalOf } from '../../down/index.ts'
import {
  columnIn,
  createTableText,
  type LostPart,
  refusalOfPart,
  withParts,
} from '../../schema/index.ts'
import type { SqliteTable } from '../../statements/index.ts'

/** The parts with which SQLite accepts a table, and those that it rejects. */
export interface TriedParts {
  readonly accepted: readonly { readonly part: LostPart; readonly caution?: string }[]
  readonly refused: readonly { readonly part: LostPart; readonly reason: string }[]
}

interface Trial {
  readonly old: SqliteTable
  readonly made: SqliteTable
  readonly parts: readonly LostPart[]
}

/** Tries to create a table with as many parts of the old one as SQLite accepts. Everything is rolled back. */
export async function tryParts(session: Session, { old, made, parts }: Trial): Promise<TriedParts> {
  if (parts.length === 0) return { accepted: [], refused: [] }
  const possible = parts.filter((part) => refusalOfPart(made, part) === undefined)
  const refusal = async (some: readonly LostPart[]) => {
    const create = withParts({ ...made, name: TRIAL }, some)
    return await refusalOf(session, `${create};\nDROP TABLE ${TRIAL}`)
  }
  await session.execute('BEGIN')
  try {
    const taken = await largestAcceptedSet(
      possible,
      async (some) => (await refusal(some)) === undefined,
    )
    const refused: TriedParts['refused'][number][] = []
    for (const part of parts) {
      if (taken.includes(part)) continue
      const reason = refusalOfPart(made, part) ?? (await refusal([...taken, part])) ?? ''
      refused.push({ part, reason })
    }
    const cautious: TriedParts['accepted'][number][] = []
    for (const part of taken) {
      const caution = await cautionOf(session, { old, made }, part)
      cautious.push({ part, ...(caution === undefined ? {} : { caution }) })
    }
    return { accepted: cautious, refused }
  } finally {
    await session.execute('ROLLBACK')
  }
}

const TRIAL = 'slipway_trial'

async function largestAcceptedSet(
  parts: readonly LostPart[],
  isTaken: (some: readonly LostPart[]) => Promise<boolean>,
): Promise<readonly LostPart[]> {
  let taken = parts
  while (taken.length > 0 && !(await isTaken(taken))) {
    const without = taken.map((part) => taken.filter((other) => other !== part))
    const less = await firstOf(without, isTaken)
    taken = less ?? taken.slice(0, -1)
  }
  return taken
}

async function firstOf<T>(
  all: readonly T[],
  fits: (one: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const one of all) if (await fits(one)) return one
  return undefined
}

/** A caution if a CHECK accepts the defaults of the old table but rejects those of the new one. */
async function cautionOf(
  session: Session,
  { old, made }: Pick<Trial, 'old' | 'made'>,
  part: LostPart,
): Promise<string | undefined> {
  const changed = made.columns.filter(
    ({ name, default: value }) => value && value.text !== columnIn(old, name)?.default?.text,
  )
  if (part.kind !== 'check' || changed.length === 0) return undefined
  const refuses = async (table: SqliteTable) =>
    (await refusalOf(session, defaultRow(table, part)))?.startsWith('CHECK') === true
  if (!(await refuses(made)) || (await refuses(old))) return undefined
  const names = changed.map(({ name }) => name).join(', ')
  return `it rejects the new default of ${names}: a row that uses the default fails`
}

/** SQL that inserts a row of only defaults into a table with a CHECK and no other constraint. */
function defaultRow({ columns }: SqliteTable, { text }: LostPart): string {
  const lines = columns.map(({ name, type, default: value, collation, generated, text: whole }) => {
    if (generated) return whole
    const filled = value === undefined ? '' : ` DEFAULT ${value.text}`
    const collated = collation === undefined ? '' : ` COLLATE ${collation}`
    return `${quoteIdentifier(name)} ${type}${filled}${collated}`
  })
  const create = createTableText({ name: TRIAL, lines: [...lines, text], options: [] })
  return `${create};\nINSERT INTO ${TRIAL} DEFAULT VALUES;\nDROP TABLE ${TRIAL}`
}
