import type { Node } from 'libpg-query'
import type { SettingsEffect } from '../statement.ts'

const RUNS_CODE = [
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'DoStmt',
  'CallStmt',
  'CreateTableAsStmt',
  'RefreshMatViewStmt',
  'ExecuteStmt',
  'ExplainStmt',
  'CopyStmt',
]

/** What a statement does to the settings of its session. */
export function settingsEffectOf(node: Node, text: string): SettingsEffect {
  if ('VariableSetStmt' in node) {
    const { kind, name } = node.VariableSetStmt
    return kind === 'VAR_SET_MULTI' && name === 'TRANSACTION' ? 'transaction' : 'changes'
  }
  if ('DiscardStmt' in node) return 'changes'
  if (!RUNS_CODE.some((kind) => kind in node)) return 'none'
  // The tree is searched only if the text contains the name.
  return text.toLowerCase().includes('set_config') && callsSetConfig(node) ? 'changes' : 'maybe'
}

function callsSetConfig(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (Array.isArray(node)) return node.some(callsSetConfig)
  return Object.entries(node).some(
    ([key, value]) => (key === 'funcname' && namesSetConfig(value)) || callsSetConfig(value),
  )
}

function namesSetConfig(names: unknown): boolean {
  const last: unknown = Array.isArray(names) ? names.at(-1) : undefined
  return JSON.stringify(last) === '{"String":{"sval":"set_config"}}'
}
