import { KEEP_COLUMNS } from './sql/keep-columns.ts'
import { KEEP_ROWS } from './sql/keep-rows.ts'
import { KEEP_TABLE } from './sql/keep-table.ts'
import { MANAGE } from './sql/manage.ts'
import { MOVE_TABLE } from './sql/move-table.ts'
import { RECORD } from './sql/record.ts'
import { RELEASE } from './sql/release.ts'
import { RESTORE_ROWS } from './sql/restore-rows.ts'
import { RESTORE } from './sql/restore.ts'

/**
 * SQL that creates the functions that keep and restore, in one message. It needs the ledger in its present layout. The
 * functions decide on the server, in the transaction of the statement:
 * only there the current state is known.
 */
export const createKeepingSql: string = [
  'SET LOCAL client_min_messages = warning;\n',
  RECORD,
  MOVE_TABLE,
  KEEP_TABLE,
  KEEP_COLUMNS,
  KEEP_ROWS,
  RELEASE,
  RESTORE,
  RESTORE_ROWS,
  MANAGE,
].join('')
