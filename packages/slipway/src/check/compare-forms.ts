import { attempt, type Failure, rethrow } from '../kernel/index.ts'
import { projectScope } from '../plan/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { type Catalog, difference, readFacts } from '../schema/index.ts'
import { replay, withShadowDatabase } from '../shadow/index.ts'
import { objectText } from '../statements/index.ts'
import type { FixedMigration, FixRequest } from './fix.ts'
import { raiseDifferent } from './raise-different.ts'

/** Runs both forms of a PostgreSQL migration. Fails with CHECK.FIX_DIFFERS if the schemas differ. */
export async function compareForms(fixed: FixedMigration, request: FixRequest): Promise<void> {
  const { name, path, sql } = fixed
  const { migrations } = request
  const place = migrations.findIndex((one) => one.name === name)
  const upTo = migrations.slice(0, place + 1)
  const original = await attempt(() => schemaOf(upTo, request))
  if (!original.ok && !isBroken(fixed, original.failure)) rethrow(original.failure)
  const rewritten = await schemaOf([...upTo.slice(0, -1), { name, path, sql }], request)
  if (!original.ok) return
  const changes = difference(original.value, rewritten)
  if (changes.length === 0) return
  raiseDifferent(
    fixed,
    changes.map(({ change, object }) => `${objectText(object)} (${change})`),
  )
}

/** Whether PostgreSQL rejects the original because of the hazard, so that the new text only has to run. */
function isBroken({ rewritten }: FixedMigration, { code }: Failure): boolean {
  return code === 'SHADOW.REPLAY_FAILED' && rewritten.some(({ id }) => id === 'enum-value-used')
}

/** The schema that a history produces, with its last migration run as in a deploy. */
async function schemaOf(
  history: readonly Pick<MigrationFolder, 'name' | 'path' | 'sql'>[],
  { shadow, migrations }: FixRequest,
): Promise<Catalog> {
  const last = history.slice(-1)
  return await withShadowDatabase(
    shadow,
    history.slice(0, -1),
    async (session) => {
      await replay(session, last)
      return await readFacts(session, await projectScope(session, migrations))
    },
    last,
  )
}
