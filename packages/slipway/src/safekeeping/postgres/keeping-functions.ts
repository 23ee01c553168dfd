import { inLedger, type Session } from '../../database/index.ts'
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
 * SQL that creates the functions that keep and restore, in one message. It needs the ledger in its present layout. The
 * functions decide on the server, in the transaction of the statement:
 * only there the current state is known.
 */
export function createKeepingSql(session: Session): string {
  return inLedger(session, functionsFor(session.server.versionNumber))
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
    // Triggers that an earlier run had to leave.
    'SELECT slipway.end_capture();\n',
  ].join('')
}
