import { quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import {
  type Bookkeeping,
  type Consent,
  deploy,
  type DeployOutcome,
  runMigrations,
  withTarget,
  type WorkRequest,
} from '../deploy/index.ts'
import { forgetLedgerSql } from '../history/index.ts'
import { advice, rethrow } from '../kernel/index.ts'
import { planMigration } from '../plan/index.ts'
import { extensionsOf, type ReplayMigration } from '../shadow/index.ts'
import { loadParser } from '../statements/index.ts'
import { raise } from './failures.ts'

/** A reset: all that the project has in a database is dropped, and deployed again. */
export interface ResetRequest extends WorkRequest {
  readonly environment: string
  /** Schemas that the project manages, beside those that its history creates. */
  readonly schemas?: readonly string[] | undefined
  readonly consent: Consent
}

/** What a reset did: the schemas that were dropped, and the deploy after it. */
export interface ResetOutcome {
  readonly database: string
  readonly dropped: readonly string[]
  readonly deploy: DeployOutcome
}

const OPEN_ENVIRONMENTS = new Set(['development', 'testing'])

/**
 * Drops the project's schemas with all that is in them, the history too, and all that the ledger holds of it, and
 * deploys all migrations again. Other projects of the database keep their rows of the ledger. Rights on the schemas, and extensions that no migration creates, are put back.
 * Only for development, testing and embedded databases (REPAIR.RESET_REFUSED, and no flag changes
 * that); on a server it needs consent by the name of the database.
 */
export async function reset(request: ResetRequest): Promise<ResetOutcome> {
  refuseProtected(request)
  const dropped = await withTarget(request, async (session, supervision) => {
    await requireName(session, request)
    const schemas = await schemasOf(session, request)
    await loadParser()
    const sql = await resetSql(session, schemas, request.migrations)
    const step = { plan: planMigration({ name: 'reset', sql, path: 'reset' }), books: NO_BOOKS }
    const { failure } = await runMigrations(supervision, [step], [])
    if (failure) rethrow(failure)
    return { database: session.server.database, dropped: schemas }
  })
  return { ...dropped, deploy: await deploy({ ...request, acceptDrift: false }) }
}

function refuseProtected({ address, environment, protected: isProtected }: ResetRequest): void {
  if (address.kind === 'embedded') return
  if (!isProtected && OPEN_ENVIRONMENTS.has(environment)) return
  raise('REPAIR.RESET_REFUSED', {
    message: `The environment ${environment} is not reset.`,
    why: 'A reset destroys all data; it works on development, testing and embedded databases alone, whatever the flags.',
    nextActions: [advice('Use slipway repair for what is broken; it keeps the data.')],
  })
}

/** Even an open database has a name that a person must mean: `DATABASE_URL` may point elsewhere than thought. */
async function requireName(session: Session, { address, consent }: ResetRequest): Promise<void> {
  const { database } = session.server
  if (address.kind === 'embedded' || consent.confirm === database) return
  if (consent.confirm === undefined && consent.ask) {
    if (await consent.ask({ database, destroys: ['all data of the project'] })) return
    raise('REPAIR.RESET_DECLINED', { message: `Declined. Nothing was changed on ${database}.` })
  }
  raise('REPAIR.RESET_NOT_CONFIRMED', {
    message:
      consent.confirm === undefined
        ? `A reset drops all that the project has in ${database}.`
        : `The name given with --confirm is not that of the database, ${database}.`,
    why: 'It needs consent by the name of the database.',
    nextActions: [advice(`Add --confirm ${database} if that is what you want.`)],
  })
}

/** The schemas that belong to the project and stand: those it is told of, and those that its history creates. */
async function schemasOf(
  session: Session,
  { migrations, schemas = [] }: ResetRequest,
): Promise<string[]> {
  const wanted = new Set([
    session.server.schema,
    ...schemas,
    ...migrations.flatMap(({ sql }) => createdSchemas(sql)),
  ])
  const { rows } = await session.queryRaw(
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1",
  )
  return rows.flatMap(([name]) =>
    name && name !== 'information_schema' && wanted.has(name) ? [name] : [],
  )
}

function createdSchemas(sql: string): string[] {
  const found = sql.matchAll(
    /\bCREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"((?:[^"]|"")+)"|([\w$]+))/gi,
  )
  return [...found].map(
    ([, quoted, bare = '']) => quoted?.replaceAll('""', '"') ?? bare.toLowerCase(),
  )
}

async function resetSql(
  session: Session,
  schemas: readonly string[],
  migrations: readonly ReplayMigration[],
): Promise<string> {
  const own = session.server.schema
  const grants = await grantsOn(session, own)
  const extensions = await extensionsIn(
    session,
    schemas,
    new Set(extensionsOf(migrations.map(({ sql }) => sql))),
  )
  return [
    await forgetLedgerSql(session),
    ...schemas.map((schema) => `DROP SCHEMA ${quoteIdentifier(schema)} CASCADE;`),
    `CREATE SCHEMA ${quoteIdentifier(own)};`,
    ...grants,
    ...extensions,
  ].join('\n')
}

async function grantsOn(session: Session, schema: string): Promise<string[]> {
  const { rows } = await session.queryRaw(
    `SELECT format('GRANT %s ON SCHEMA %I TO %s;', a.privilege_type, n.nspname,
       CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
     FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = ${quoteLiteral(schema)} AND a.grantee <> n.nspowner`,
  )
  return rows.map(([grant]) => grant ?? '')
}

/** Extensions that stand in these schemas and that no migration creates: somebody else has set them up. */
async function extensionsIn(
  session: Session,
  schemas: readonly string[],
  created: ReadonlySet<string>,
): Promise<string[]> {
  const { rows } = await session.queryRaw(
    `SELECT e.extname, n.nspname, format('CREATE EXTENSION %I SCHEMA %I;', e.extname, n.nspname)
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace`,
  )
  return rows.flatMap(([name, schema, sql]) => {
    const dropped = schema === session.server.schema && schemas.includes(schema)
    return dropped && name && sql && !created.has(name) ? [sql] : []
  })
}

/** Nothing is recorded of a reset: what would hold the record is dropped. */
const NO_BOOKS: Bookkeeping = {
  direction: 'down',
  whole: () => '',
  begun: () => '',
  finished: () => '',
  failed: () => '',
  undone: () => '',
}
