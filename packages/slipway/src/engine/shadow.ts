import { randomInt } from 'node:crypto'
import { type Session, withSession } from '../database/index.ts'
import type { ConnectionString } from '../kernel/index.ts'
import type { EngineMigration, WithScratch } from './engine.ts'
import { raise } from './failures.ts'
import { type Held, holdOpen } from './hold-open.ts'

/** Gives the engine its scratches. `main` is the database that a scratch must not be. */
export interface Shadows {
  over(main: Session, options: ShadowOptions): WithScratch
}

interface ShadowOptions {
  /** The person's own `shadowDatabaseUrl`; absent, the scratch is embedded. */
  readonly url: ConnectionString | undefined
  /** Extensions that the migrations are going to create: an embedded database must know them when it opens. */
  readonly extensions: readonly string[]
}

/**
 * Scratches to replay migrations on, each one empty. The engine asks for two or three in a row:
 * the embedded database, which takes seconds to start, is emptied and used again.
 */
export async function withShadows<T>(work: (shadows: Shadows) => Promise<T>): Promise<T> {
  let embedded: { held: Held<Session>; extensions: readonly string[] } | undefined
  async function take(extensions: readonly string[]): Promise<Session> {
    if (!embedded || extensions.some((name) => !embedded?.extensions.includes(name))) {
      await embedded?.held.release()
      const open = (inside: (session: Session) => Promise<void>) =>
        withSession({ kind: 'embedded', extensions }, {}, inside)
      embedded = { held: await holdOpen(open), extensions }
    }
    return embedded.held.resource
  }
  try {
    return await work({
      over:
        (main, { url, extensions }) =>
        async (replay) => {
          if (url) return await withUrl(url, main, replay)
          const scratch = await take(extensions)
          await empty(scratch)
          return await replay(scratch)
        },
    })
  } finally {
    await embedded?.held.release()
  }
}

/** The person's own shadow database, which Prisma's engine too empties before it replays. */
async function withUrl<T>(
  url: ConnectionString,
  main: Session,
  replay: (scratch: Session) => Promise<T>,
): Promise<T> {
  return await withSession({ kind: 'postgres', url }, {}, async (session) => {
    if (await areSameDatabase(main, session)) {
      raise('ENGINE.SHADOW_IS_MAIN', {
        message: 'shadowDatabaseUrl names the main database.',
        why: 'The shadow database is emptied before migrations are replayed on it.',
      })
    }
    await empty(session)
    return await replay(session)
  })
}

/** The extensions that the migrations of a request create. */
export function extensionsOf(params: Readonly<Record<string, unknown>>): string[] {
  const names = migrationsIn(params).flatMap(({ sql }) =>
    [...sql.matchAll(CREATE_EXTENSION)].map(([, name = '']) => name.toLowerCase()),
  )
  return [...new Set(names)]
}

const CREATE_EXTENSION = /create\s+extension\s+(?:if\s+not\s+exists\s+)?"?([\w-]+)"?/gi

/** The migrations anywhere in the parameters of a request: in its list, or in the targets of a diff. */
export function migrationsIn(params: Readonly<Record<string, unknown>>): EngineMigration[] {
  const { migrationsList, from, to } = params as Record<string, Partial<List> | undefined>
  return [migrationsList, from, to].flatMap((list) =>
    (list?.migrationDirectories ?? []).map(({ path, migrationFile }) => ({
      name: path,
      sql: migrationFile.content.value,
    })),
  )
}

interface List {
  readonly migrationDirectories: readonly {
    readonly path: string
    readonly migrationFile: { readonly content: { readonly value: string } }
  }[]
}

/**
 * Whether two sessions are on one database, whatever their connection strings look like: an
 * advisory lock of the one is seen by the other.
 */
async function areSameDatabase(one: Session, other: Session): Promise<boolean> {
  const key = randomInt(2 ** 31)
  await one.query('SELECT pg_advisory_lock($1)', [key])
  try {
    const [row] = await other.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [
      key,
    ])
    return row?.free !== true
  } finally {
    await one.query('SELECT pg_advisory_unlock($1)', [key])
  }
}

/** Drops whatever a replay can have left: schemas with all that is in them, and what lies outside of schemas. */
async function empty(session: Session): Promise<void> {
  await session.execute('DISCARD ALL')
  // The roles of a server are not this database's to drop.
  const sql = session.kind === 'embedded' ? `${LEFTOVERS} UNION ALL ${ROLES}` : LEFTOVERS
  const leftovers = await session.query<{ sql: string }>(sql)
  await session.execute([...leftovers.map((row) => row.sql), 'CREATE SCHEMA public'].join(';\n'))
}

const LEFTOVERS = `
SELECT format('DROP EVENT TRIGGER %I', evtname) AS sql FROM pg_event_trigger
UNION ALL
SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
UNION ALL
SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`

const ROLES = `
SELECT format('DROP OWNED BY %1$I; DROP ROLE %1$I', rolname) FROM pg_roles
WHERE rolname !~ '^pg_' AND rolname <> current_user`
