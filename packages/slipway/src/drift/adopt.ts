import { executeLocked, type Session } from '../database/index.ts'
import {
  createHistoryTables,
  verifyAndRecord,
  withTarget,
  type WorkRequest,
} from '../deploy/index.ts'
import {
  compareHistory,
  type History,
  markedRowSql,
  obstacle,
  readHistory,
  receiptSql,
} from '../history/index.ts'
import { advice, attempt, command, rethrow } from '../kernel/index.ts'
import { appliedMigrations, projectScope } from '../plan/index.ts'
import {
  type Attribute,
  attributesWithout,
  commandOf,
  readAttributes,
  withoutAttributes,
} from '../safekeeping/index.ts'
import {
  type Catalog,
  choiceText,
  databaseObjectsOnlyIn,
  difference,
  readCatalog,
  readIdentities,
  readObjectsWithReusedNames,
  withoutRedundantColumns,
} from '../schema/index.ts'
import { replay, shadowLike, withShadowDatabase } from '../shadow/index.ts'
import {
  checksum,
  type MigrationFile,
  type ObjectRef,
  objectText,
  unqualified,
} from '../statements/index.ts'
import { raise } from './failures.ts'
import { type DriftReport, inspectSession } from './inspect.ts'

/** A request to write a migration from a target's drift. */
export interface AdoptRequest extends WorkRequest {
  /** The migration's full name, including its timestamp. */
  readonly name: string
  /** The schemas that the datasource lists. */
  readonly schemas?: readonly string[] | undefined
  /** Writes the migration into the project and returns its path. */
  readonly write: (name: string, sql: string) => Promise<string>
}

/** The migration that was written and marked as applied. */
export interface Adopted {
  readonly database: string
  readonly migration: { readonly name: string; readonly path: string; readonly sql: string }
  readonly report: DriftReport
  /**
   * What the target has but the migration does not create: objects of kinds that are not compared,
   * `privileges of TABLE app.orders`.
   */
  readonly notWritten: readonly string[]
}

/**
 * Writes a migration from a target's drift and marks it as applied there; other databases get it with their
 * next deploy. It is proven on a shadow database before it is written. Fails with DRIFT.NOTHING,
 * DRIFT.UNKNOWN or DRIFT.NOT_ADOPTABLE, or with a failure that stops a deploy.
 */
export async function adoptDrift(request: AdoptRequest): Promise<Adopted> {
  return await withTarget(request, async (session) => {
    refuseObstacle(await readHistory(session), request)
    const report = await inspectSession(session, request)
    refuseNothing(report)
    refuseGuesses(report)
    const { name } = request
    const { sql, notWritten } = await withSettings(session, report.toTarget, request)
    const path = await request.write(name, sql)
    await createHistoryTables(session, request)
    await executeLocked(
      session,
      markedRowSql(session, name, checksum(sql)) +
        receiptSql(session, { command: 'drift', migration: name, attempts: 1 }),
    )
    await verifyAndRecord(session, [...request.migrations, { name, sql, path }])
    return {
      database: report.database,
      migration: { name, path, sql },
      report,
      notWritten: [...withoutAttributes(report.unmodelled), ...notWritten],
    }
  })
}

/** Fails if something stops a deploy, or with DRIFT.NOT_ADOPTABLE if migrations are pending. */
export function refuseObstacle(history: History, { migrations, name }: AdoptRequest): void {
  const comparison = compareHistory(history, migrations)
  const found = obstacle(comparison)
  if (found) rethrow(found)
  const [pending] = comparison.pending
  if (pending === undefined) return
  raise('DRIFT.NOT_ADOPTABLE', {
    message: `${pending} is not applied on this database, so ${name} would come after it.`,
    why: 'The SQL of the drift applies to the history of this database, which lacks the pending migrations.',
    nextActions: [command(['deploy', '--accept', 'drift'], 'first apply the pending migrations')],
  })
}

/** Fails with DRIFT.UNKNOWN or DRIFT.NOTHING. */
export function refuseNothing(report: DriftReport): void {
  if (report.unknown !== undefined) {
    raise('DRIFT.UNKNOWN', {
      message: `The database cannot be compared with its history: ${report.unknown}`,
    })
  }
  if (report.drifted) return
  raise('DRIFT.NOTHING', {
    message: `${report.database} matches its history; no migration is needed.`,
  })
}

/**
 * Fails with DRIFT.NOT_ADOPTABLE if there are guesses: a wrong one would drop or rename data on other
 * databases.
 */
export function refuseGuesses({ guesses }: DriftReport): void {
  if (guesses.length === 0) return
  raise('DRIFT.NOT_ADOPTABLE', {
    message: 'The database does not show whether objects were renamed, or dropped and created.',
    why: `${guesses.map(choiceText).join('; ')}.`,
    nextActions: [
      advice(
        'Write the migration by hand: ALTER TABLE … RENAME for renamed objects, DROP and CREATE or ADD COLUMN for new ones.',
      ),
    ],
  })
}

interface Written {
  readonly sql: string
  readonly notWritten: readonly string[]
}

/**
 * Proves the SQL of a migration. The script between two schemas has no storage settings, statistics targets
 * and the like. The target's are appended as commands, and the SQL is then proven again.
 */
async function withSettings(
  session: Session,
  script: string,
  request: AdoptRequest,
): Promise<Written> {
  const { migrations, schemas } = request
  const target = {
    history: await readHistory(session),
    catalog: await readCatalog(session, await projectScope(session, migrations, schemas)),
  }
  const actual = await readAttributes(session)
  const lackingBehind = async (sql: string) => {
    const migration = { name: request.name, sql }
    const proven = await prove(session, migration, { request, target })
    return {
      lacking: lackingOf(actual, proven.attributes),
      databaseObjects: proven.databaseObjects,
    }
  }
  const { lacking, databaseObjects } = await lackingBehind(script)
  const isWritten = ({ name }: Attribute) => !name.startsWith('default privileges ')
  const commands = lacking.filter(isWritten).flatMap((one) => commandOf(one) ?? [])
  if (commands.length === 0)
    return { sql: script, notWritten: [...databaseObjects, ...inShort(lacking)] }
  const settings = commands.map((one) => `${unqualified(one, session.server.schema)};\n`).join('\n')
  const sql = `${script}\n${settings}`
  const behind = await lackingBehind(sql)
  return { sql, notWritten: [...databaseObjects, ...inShort(behind.lacking)] }
}

/** One text per kind: `privileges of TABLE app.a, TABLE app.b and 7 more`. */
function inShort(attributes: readonly Attribute[]): string[] {
  return [...Map.groupBy(attributes, ({ name }) => name)].map(([name, some]) => {
    const objects = [...new Set(some.map(({ object }) => object))]
    const more = objects.length > 3 ? ` and ${objects.length - 3} more` : ''
    return `${name} of ${objects.slice(0, 3).join(', ')}${more}`
  })
}

/**
 * The attributes that the project's objects have on the target but not on the shadow database. Owners are
 * specific to each database, and publications are reported as a whole, so both are left out.
 */
function lackingOf(actual: readonly Attribute[], given: readonly Attribute[]): Attribute[] {
  const objects = new Set(given.flatMap(({ object, relation = object }) => [object, relation]))
  return attributesWithout(actual, given).filter(
    ({ object, relation = object, name }) =>
      name !== 'owner' && !name.startsWith('publication ') && objects.has(relation),
  )
}

/** What is read from the target once, for all proofs. */
interface Target {
  readonly history: History
  readonly catalog: Catalog
}

interface Given {
  /** Attributes of objects that are not part of their definitions. */
  readonly attributes: readonly Attribute[]
  /** Database-wide objects that only the target has. */
  readonly databaseObjects: readonly string[]
}

/**
 * Runs the migration on a shadow database with the history applied, and compares the result with the target.
 */
async function prove(
  session: Session,
  migration: MigrationFile,
  { request, target }: { readonly request: AdoptRequest; readonly target: Target },
): Promise<Given> {
  const { migrations, schemas, shadow } = shadowLike(request, session)
  const { history, catalog: actual } = target
  const applied = appliedMigrations({ history, migrations })
  const proven = await attempt(() =>
    withShadowDatabase(shadow, applied, async (copy) => {
      const before = await readIdentities(copy)
      await replay(copy, [migration])
      const given = await readCatalog(copy, await projectScope(copy, migrations, schemas))
      const changes = difference(...withoutRedundantColumns(given, actual))
      const replaced = await readObjectsWithReusedNames(copy, before)
      return {
        unlike: changes.map(({ object }) => object),
        replaced,
        attributes: await readAttributes(copy),
        databaseObjects: databaseObjectsOnlyIn(actual, given),
      }
    }),
  )
  if (proven.ok && proven.value.unlike.length === 0 && proven.value.replaced.length === 0)
    return proven.value
  const why = proven.ok ? reasonOf(proven.value) : (proven.failure.why ?? proven.failure.message)
  raise('DRIFT.NOT_ADOPTABLE', {
    message:
      'The migration that was written from the drift does not produce the schema of the database.',
    why,
    nextActions: [
      advice('Write the migration by hand.'),
      command(['drift'], 'see what it must do'),
    ],
  })
}

interface Unproven {
  /** Objects that differ from the target's. */
  readonly unlike: readonly ObjectRef[]
  /** Objects that would lose their data on targets without the drift. */
  readonly replaced: readonly ObjectRef[]
}

function reasonOf({ unlike, replaced }: Unproven): string {
  const listed = (objects: readonly ObjectRef[]) => objects.map(objectText).join(', ')
  return unlike.length > 0
    ? `It does not change ${listed(unlike)}.`
    : `It drops ${listed(replaced)} and creates a new one with this name, without its data.`
}
