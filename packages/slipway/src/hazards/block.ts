import type { Statement } from '../statements/index.ts'
import type { Context } from './hazard.ts'

/** The statements after this one, up to the file's next COMMIT or ROLLBACK. */
export function restOfBlock({ migration, statement }: Context): readonly Statement[] {
  const later = migration.statements.slice(statement.number)
  const end = later.findIndex(({ role }) => role.kind === 'commit' || role.kind === 'rollback')
  return end === -1 ? later : later.slice(0, end)
}

/** Whether a COMMIT or ROLLBACK of the file follows. */
export function isBlockClosed(context: Context): boolean {
  const { migration, statement } = context
  return statement.number + restOfBlock(context).length < migration.statements.length
}
