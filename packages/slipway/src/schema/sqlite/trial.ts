import { quoteIdentifier, type Session, withSession } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { sqliteNameKey, sqliteNamesIn } from '../../statements/index.ts'
import type { ScriptStatement } from '../script.ts'
import { definitionHash } from './fingerprint.ts'
import { readObjects, type SqliteObject } from './objects.ts'

/** A database in memory with the objects of a state and without rows, on which the statements of a script are tried. */
export interface Trial {
  readonly session: Session
  /** The statements that ran, in order. */
  readonly statements: readonly ScriptStatement[]
  run(sql: string, destructive?: boolean): Promise<void>
  /** Runs all of `work` or nothing; false if SQLite rejects a statement. */
  tries(work: () => Promise<void>): Promise<boolean>
  objects(): Promise<SqliteObject[]>
}

const ORDER: Readonly<Record<SqliteObject['kind'], number>> = {
  table: 0,
  index: 1,
  view: 2,
  trigger: 3,
}

/** Gives `work` a trial with these objects. Fails if SQLite cannot create them again. */
export async function withTrial<T>(
  objects: readonly SqliteObject[],
  work: (trial: Trial) => Promise<T>,
): Promise<T> {
  return await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute('PRAGMA foreign_keys = OFF')
    const inOrder = objects.toSorted((a, b) => ORDER[a.kind] - ORDER[b.kind])
    for (const { sql } of inOrder) await session.execute(sql)
    return await work(trialOn(session))
  })
}

function trialOn(session: Session): Trial {
  const statements: ScriptStatement[] = []
  return {
    session,
    statements,
    async run(sql, destructive = false) {
      await session.execute(sql)
      statements.push({ sql, alone: false, destructive })
    },
    async tries(work) {
      const count = statements.length
      const name = `slipway_${count}`
      await session.execute(`SAVEPOINT ${name}`)
      const { ok } = await attempt(work)
      if (!ok) {
        await session.execute(`ROLLBACK TO ${name}`)
        statements.splice(count)
      }
      await session.execute(`RELEASE ${name}`)
      return ok
    },
    objects: () => readObjects(session),
  }
}

/** Whether two objects have the same kind and name. */
export function isNamed(one: SqliteObject, other: SqliteObject): boolean {
  return one.kind === other.kind && sqliteNameKey(one.name) === sqliteNameKey(other.name)
}

/** Whether two objects have the same name and definition. */
export function isEqual(one: SqliteObject | undefined, other: SqliteObject | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return one.name === other.name && definitionHash(one) === definitionHash(other)
}

/** The statement that drops an object. */
export function dropSql({ kind, name }: SqliteObject): string {
  return `DROP ${kind.toUpperCase()} ${quoteIdentifier(name)}`
}

/** Views and triggers that may use a table, including through other views; also the triggers of the table itself. */
export function dependentCodeOf(objects: readonly SqliteObject[], table: string): SqliteObject[] {
  const names = new Set([sqliteNameKey(table)])
  const code = objects
    .filter(({ kind }) => kind === 'view' || kind === 'trigger')
    .map((object) => ({ object, uses: sqliteNamesIn(object.sql) }))
  for (let known = 0; known < names.size;) {
    known = names.size
    for (const { object, uses } of code) {
      const isUser = [...names].some((name) => uses.has(name))
      if (object.kind === 'view' && isUser) names.add(sqliteNameKey(object.name))
    }
  }
  return code
    .filter(({ uses }) => [...names].some((name) => uses.has(name)))
    .map(({ object }) => object)
}
