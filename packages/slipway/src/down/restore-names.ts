import { quoteIdentifier, type Session } from '../database/index.ts'
import { type Identities, type Identity, readIdentities } from '../schema/index.ts'
import { dropSqlOf, moveSqlOf, nameSql, renameSqlOf, ownerOf } from './identity-sql.ts'
import { runIfAccepted } from './trial.ts'

/**
 * Gives every object that existed before a migration its old name in its old schema, whatever statements
 * changed them. A new object that took such a name is dropped, or renamed if something depends on it. Runs
 * inside the open transaction of the shadow database where the migration has just run. `portable`: the SQL is
 * for every target, whatever its default schema; otherwise for this one only.
 */
export async function restoreNames(
  session: Session,
  before: Identities,
  { portable = true }: { readonly portable?: boolean } = {},
): Promise<RestoredNames> {
  const done: string[] = []
  const defaultSchema = portable ? session.server.schema : undefined
  const naming = { session, before, done, defaultSchema, movedAside: new Set<string>() }
  await detachNewChildren(naming)
  let all = await readIdentities(session)
  for (;;) {
    const steps = done.length
    for (const object of misnamed(before, all))
      all = await restoreName(all.get(object.id) ?? object, all, naming)
    // No name became free: a swap, or a new object with the name of an old one.
    if (done.length === steps) {
      if (!(await freeNextName(misnamed(before, all), all, naming)))
        return { statements: done, identities: all }
    }
    all = await readIdentities(session)
  }
}

export interface RestoredNames {
  /** The statements that were run, in this order. */
  readonly statements: readonly string[]
  /** The identities afterwards. */
  readonly identities: Identities
}

/**
 * Detaches tables from parents that they did not have before, because dropping a parent also drops its child
 * tables.
 */
async function detachNewChildren({ session, before, done }: Naming): Promise<void> {
  const all = await readIdentities(session)
  for (const [id, old] of before) {
    const child = all.get(id)
    for (const parentId of child?.parents ?? []) {
      const parent = all.get(parentId)
      if (!child || !parent || old.parents?.includes(parentId)) continue
      const [table, from] = [nameSql(child, all), nameSql(parent, all)]
      const partition = `ALTER TABLE ${from} DETACH PARTITION ${table}`
      for (const sql of [partition, `ALTER TABLE ${table} NO INHERIT ${from}`]) {
        if (!(await runIfAccepted(session, sql))) continue
        done.push(sql)
        break
      }
    }
  }
}

interface Naming {
  readonly session: Session
  readonly before: Identities
  /** The statements that were run. */
  readonly done: string[]
  /** The schema that the SQL does not name. */
  readonly defaultSchema: string | undefined
  /** The objects that were renamed or dropped to free their names, each once. */
  readonly movedAside: Set<string>
}

/** Objects whose name or schema differs from before, in an order that does not depend on OIDs. */
function misnamed(before: Identities, all: Identities): Identity[] {
  const found = [...all.values()].filter((object) => {
    const old = before.get(object.id)
    if (old === undefined || ownerOf(old, before)?.id !== ownerOf(object, all)?.id) return false
    return old.name !== object.name || homeOf(old, { before, all }) !== object.of
  })
  return found.toSorted((a, b) => (sortKey(a, all) < sortKey(b, all) ? -1 : 1))
}

function sortKey(object: Identity, all: Identities): string {
  const whole = ownerOf(object, all)
  const { kind, name, args } = object
  // Whole objects come first, because the SQL for their parts contains their names. Tables come before
  // indexes, which move with their tables.
  const rank = whole ? 3 : kind === 'SCHEMA' ? 0 : kind === 'TABLE' ? 1 : 2
  const home = all.get((whole ?? object).of ?? '')?.name
  return JSON.stringify([rank, home, whole?.name, kind, name, args])
}

/**
 * The schema that an object was in, if it exists now; for a part or a database-wide object, what it belongs
 * to. A dropped schema is succeeded by the current one with its name.
 */
function homeOf(
  { of }: Identity,
  { before, all }: { readonly before: Identities; readonly all: Identities },
): string | undefined {
  const home = of === undefined ? undefined : before.get(of)
  if (home?.kind !== 'SCHEMA' || all.has(home.id)) return of
  return [...all.values()].find(({ kind, name }) => kind === 'SCHEMA' && name === home.name)?.id
}

interface Step {
  /** The object afterwards. */
  readonly to: Identity
  readonly sql: readonly string[]
}

/**
 * Renames an object, or else moves it, if its name is free and the server accepts that. Returns the
 * identities afterwards.
 */
async function restoreName(
  object: Identity,
  all: Identities,
  { session, before, done, defaultSchema }: Naming,
): Promise<Identities> {
  for (const { to, sql } of stepsTo(before, object, { all, defaultSchema })) {
    if (occupant(to, all) !== undefined || !(await runIfAccepted(session, sql.join(';')))) continue
    done.push(...sql)
    // Moving an object also moves its indexes and sequences.
    return to.of === object.of ? new Map([...all, [to.id, to]]) : await readIdentities(session)
  }
  return all
}

function stepsTo(
  before: Identities,
  object: Identity,
  place: { readonly all: Identities; readonly defaultSchema: string | undefined },
): Step[] {
  const { all } = place
  const old = before.get(object.id) ?? object
  const steps: Step[] = []
  if (old.name !== object.name)
    steps.push({ to: { ...object, name: old.name }, sql: [renameSqlOf(object, old.name, all)] })
  const home = homeOf(old, { before, all })
  if (home !== object.of) {
    const name = all.get(home ?? '')?.name ?? before.get(old.of ?? '')?.name ?? ''
    const create = home === undefined ? [`CREATE SCHEMA ${quoteIdentifier(name)}`] : []
    const to = { ...object, of: home ?? '' }
    steps.push({ to, sql: [...create, moveSqlOf(object, name, place)] })
  }
  return steps
}

/**
 * Frees the first needed name whose holder can be dropped or renamed. Returns whether it freed one.
 */
async function freeNextName(
  waiting: readonly Identity[],
  all: Identities,
  naming: Naming,
): Promise<boolean> {
  const { session, before, done, movedAside } = naming
  for (const object of waiting) {
    const old = before.get(object.id) ?? object
    const home = homeOf(old, { before, all })
    const { of: _, ...bare } = object
    const other = occupant(
      { ...bare, name: old.name, ...(home === undefined ? {} : { of: home }) },
      all,
    )
    if (other === undefined || movedAside.has(other.id)) continue
    movedAside.add(other.id)
    const drop = before.has(other.id) ? undefined : dropSqlOf(other, all)
    const aside = renameSqlOf(other, freeName(other, all), all)
    if (drop !== undefined && (await dropUnlessHarmful(session, drop, before, all))) {
      done.push(drop)
      return true
    }
    if (!(await runIfAccepted(session, aside))) continue
    done.push(aside)
    return true
  }
  return false
}

/** Runs a drop, unless it would also drop an object that existed before. Returns whether it ran. */
async function dropUnlessHarmful(
  session: Session,
  sql: string,
  before: Identities,
  all: Identities,
): Promise<boolean> {
  await session.execute('SAVEPOINT slipway_drop')
  const ran = await runIfAccepted(session, sql)
  const left = ran ? await readIdentities(session) : all
  const harmless = ran && [...all.keys()].every((id) => left.has(id) || !before.has(id))
  await session.execute(
    harmless ? 'RELEASE SAVEPOINT slipway_drop' : 'ROLLBACK TO SAVEPOINT slipway_drop',
  )
  return harmless
}

/** The namespaces that kinds of objects share in a schema: relations, types, and both for tables. */
const SPACES: Readonly<Record<string, readonly string[]>> = {
  TABLE: ['relation', 'type'],
  'FOREIGN TABLE': ['relation', 'type'],
  VIEW: ['relation', 'type'],
  'MATERIALIZED VIEW': ['relation', 'type'],
  TYPE: ['type'],
  DOMAIN: ['type'],
  SEQUENCE: ['relation'],
  INDEX: ['relation'],
  FUNCTION: ['routine'],
  PROCEDURE: ['routine'],
  AGGREGATE: ['routine'],
  COLUMN: ['column'],
  COMPUTED: ['column'],
}

/** The object that occupies the name that another one needs. */
function occupant(wanted: Identity, all: Identities): Identity | undefined {
  const spaces = spacesOf(wanted)
  return [...all.values()].find(
    (one) =>
      one.name === wanted.name &&
      one.of === wanted.of &&
      one.args === wanted.args &&
      one.id !== wanted.id &&
      spacesOf(one).some((space) => spaces.includes(space)),
  )
}

function spacesOf({ kind, of }: Identity): readonly string[] {
  return SPACES[kind] ?? [`${kind} ${of === undefined ? '' : 'in'}`]
}

/** An unused name of at most 63 bytes. */
function freeName(object: Identity, all: Identities): string {
  for (let number = 1; ; number++) {
    const suffix = `_aside${number === 1 ? '' : number}`
    const base = new TextDecoder().decode(
      new TextEncoder().encode(object.name).slice(0, 63 - suffix.length),
    )
    const name = base.replace(/\uFFFD+$/, '') + suffix
    if (occupant({ ...object, name, id: '' }, all) === undefined) return name
  }
}
