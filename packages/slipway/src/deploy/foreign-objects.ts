import type { Session } from '../database/index.ts'
import { advice } from '../kernel/index.ts'
import { ownershipIn } from '../schema/index.ts'
import {
  type ChangedObject,
  changedObjects,
  isClaimedBy,
  type Migration,
} from '../statements/index.ts'
import { raise } from './failures.ts'
import type { WorkRequest } from './target.ts'

/**
 * Guarantee 12: a down migration changes no objects of another application. Outside its own schemas, a
 * project may change only what its migrations create or change themselves, such as a trigger on `auth.users`.
 * Fails with DEPLOY.FOREIGN_OBJECT.
 */
export async function refuseForeignObjects(
  session: Session,
  downs: readonly Migration[],
  { migrations, schemas = [] }: Pick<WorkRequest, 'migrations' | 'schemas'>,
): Promise<void> {
  const { created } = await ownershipIn(migrations)
  const owned = new Set([session.server.schema, ...schemas, ...created])
  const isForeign = ({ schema }: ChangedObject) => !owned.has(schema)
  const foreign = downs
    .map((down) => ({
      down,
      changes: changedObjects(down.sql).map((objects) => objects.filter(isForeign)),
    }))
    .filter(({ changes }) => changes.some((objects) => objects.length > 0))
  if (foreign.length === 0) return
  const claims = migrations.flatMap(({ sql }) => changedObjects(sql).flat().filter(isForeign))
  for (const { down, changes } of foreign) {
    for (const [index, objects] of changes.entries()) {
      const change = objects.find((one) => !isClaimedBy(one, claims))
      if (change) refuse(down, { change, index, schema: session.server.schema })
    }
  }
}

function refuse(
  { name, path, statements }: Migration,
  { change, index, schema }: { change: ChangedObject; index: number; schema: string },
): never {
  const statement = statements[index]
  raise('DEPLOY.FOREIGN_OBJECT', {
    message: `The down migration of ${name} changes ${textOf(change)}, which does not belong to the project. Nothing was run.`,
    why: `The project owns the schema ${schema}, and none of its migrations creates or changes this object.`,
    ...(statement ? { where: { file: path, line: statement.line, column: statement.column } } : {}),
    nextActions: [
      { kind: 'edit', path, label: `write the name without its schema to mean ${schema}` },
      advice(
        'Or delete the file: the next rollback then writes the down migration for this database.',
      ),
    ],
  })
}

function textOf({ schema, name, part }: ChangedObject): string {
  if (name === '') return `the schema ${schema}`
  return part === undefined ? `${schema}.${name}` : `${part} of ${schema}.${name}`
}
