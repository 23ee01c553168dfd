import { executeLocked, inLedger, quoteLiteral, type Session } from '../../database/index.ts'
import { sha256 } from '../../kernel/index.ts'
import { KEEP_COLUMNS } from './keep-columns.ts'
import { KEEP_MISSED } from './keep-missed.ts'
import { KEEP_ROWS } from './keep-rows.ts'
import { KEEP_TABLE } from './keep-table.ts'
import { MANAGE } from './manage.ts'
import { MOVE_TABLE } from './move-table.ts'
import { POSITIONS } from './positions.ts'
import { readAttributesSql } from './read-attributes.ts'
import { RECORD_ATTRIBUTES } from './record-attributes.ts'
import { RECORD } from './record.ts'
import { RELEASE } from './release.ts'
import { RESTORE_ATTRIBUTES } from './restore-attributes.ts'
import { RESTORE_ROWS } from './restore-rows.ts'
import { RESTORE } from './restore.ts'

/**
 * Creates the functions that keep and restore data, unless the ledger already has them: only their owner
 * may replace them. Needs the ledger in its current layout. The functions decide on the server, in the
 * transaction of the statement: only there is the current state known. Drops triggers that an earlier run
 * had to leave behind.
 */
export async function prepareKeepingFunctions(session: Session): Promise<void> {
  const functions = inLedger(session, functionsFor(session.server.versionNumber))
  const mark = sha256(functions)
  const { rows } = await session.queryRaw(inLedger(session, READ_MARK_SQL))
  const isThere = rows[0]?.[0] === mark
  const create = isThere ? '' : functions + inLedger(session, markSql(mark))
  await executeLocked(session, create + inLedger(session, 'SELECT slipway.end_capture();\n'))
}

const READ_MARK_SQL = "SELECT obj_description(to_regprocedure('slipway.end_capture()'), 'pg_proc')"

function markSql(mark: string): string {
  return `COMMENT ON FUNCTION slipway.end_capture() IS ${quoteLiteral(mark)};\n`
}

function functionsFor(versionNumber: number): string {
  return [
    'SET LOCAL client_min_messages = warning;\n',
    RECORD,
    readAttributesSql(versionNumber),
    POSITIONS,
    RECORD_ATTRIBUTES,
    MOVE_TABLE,
    KEEP_TABLE,
    KEEP_COLUMNS,
    KEEP_ROWS,
    KEEP_MISSED,
    RELEASE,
    RESTORE,
    MANAGE,
    RESTORE_ROWS,
    RESTORE_ATTRIBUTES,
  ].join('')
}
