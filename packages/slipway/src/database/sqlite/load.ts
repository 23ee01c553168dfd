/**
 * Node's own SQLite. When it is first loaded, Node 22 warns on stderr that it is experimental, which does
 * not help users of Slipway, so the warning is suppressed. Loading is synchronous, so no other warning is
 * lost.
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
