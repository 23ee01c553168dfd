/**
 * Node's own SQLite. Node 22 warns on stderr that it is experimental when it is first loaded: that is of
 * no use to people who run Slipway. Loading is synchronous, so no other warning is lost.
 */
export function loadSqlite(): typeof import('node:sqlite') {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
