import { quoteIdentifier, type Session, withSession } from '../../database/index.ts'
import { failureOf } from '../../kernel/index.ts'
import { extensionsIn } from '../../statements/index.ts'
import { engineDialectOf } from '../dialects.ts'
import type { EngineMigration, WithShadow } from '../engine.ts'
import { type Held, holdOpen } from '../hold-open.ts'

/** Provides shadow databases for the engine. */
export interface Shadows {
  /**
   * The shadow databases for work on a database. `extensions` are those that the migrations will create: a
   * shadow database must know them when it opens.
   */
  withExtensions(extensions: readonly string[], main: Pick<Session, 'kind'>): WithShadow
}

/**
 * Provides empty shadow databases for replays. They live in the memory of this process, whatever the user's
 * `shadowDatabaseUrl` names: guarantee 1, a shadow database is never a database that Slipway did not create.
 * The engine requests two or three in a row. Starting one takes seconds, so it is emptied and reused.
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
      withExtensions(extensions, main) {
        const { withShadow } = engineDialectOf(main)
        if (withShadow) return withShadow
        return async (replay) => {
          const shadow = await take(extensions)
          await empty(shadow)
          return await replay(createMissingRoles(shadow))
        }
      },
    })
  } finally {
    await embedded?.held.release()
  }
}

/** Creates roles that a script names and the shadow database lacks: roles belong to servers. */
function createMissingRoles(shadow: Session): Session {
  async function execute(script: string, made: ReadonlySet<string> = new Set()): Promise<void> {
    try {
      await shadow.execute(script)
    } catch (error) {
      const missing = failureOf(error)?.server?.missing
      if (missing?.kind !== 'role' || made.has(missing.name)) throw error
      await shadow.execute(`CREATE ROLE ${quoteIdentifier(missing.name)}`)
      await execute(script, new Set([...made, missing.name]))
    }
  }
  return { ...shadow, execute: (script) => execute(script) }
}

/** The extensions that the migrations of a request create. */
export async function extensionsOf(params: Readonly<Record<string, unknown>>): Promise<string[]> {
  return await extensionsIn(migrationsIn(params).map(({ sql }) => sql))
}

/** All migrations in the parameters of a request: in its list, or in the targets of a diff. */
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

/** Drops everything that a replay can leave: schemas with their objects, and objects outside schemas. */
async function empty(session: Session): Promise<void> {
  await session.execute('DISCARD ALL')
  const leftovers = await session.query<{ sql: string }>(LEFTOVERS)
  await session.execute([...leftovers.map((row) => row.sql), 'CREATE SCHEMA public'].join(';\n'))
}

const LEFTOVERS = `
SELECT format('DROP EVENT TRIGGER %I', evtname) AS sql FROM pg_event_trigger
UNION ALL
SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
UNION ALL
SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT format('DROP OWNED BY %1$I; DROP ROLE %1$I', rolname) FROM pg_roles
WHERE rolname !~ '^pg_' AND rolname <> current_user`
