import type { AlterTableCmd, AlterTableStmt, Node } from 'libpg-query'
import type { Action, TableAction } from '../action.ts'
import { textAfterKeyword, type Source } from './clause-text.ts'
import { columnOf, constraintOf, names, relationName, typeText } from './definition.ts'

/** What an ALTER TABLE does: an action for each of its subcommands. */
export function alterTable(alter: AlterTableStmt, source: Source): Action[] {
  const table = relationName(alter.relation)
  const commands = (alter.cmds ?? []).flatMap((node) =>
    'AlterTableCmd' in node ? [node.AlterTableCmd] : [],
  )
  if (alter.objtype !== 'OBJECT_TABLE' && alter.objtype !== 'OBJECT_FOREIGN_TABLE') {
    const { objtype: of } = alter
    return [{ kind: 'other', statement: 'AlterTableStmt', ...(of === undefined ? {} : { of }) }]
  }
  return commands.map((command): Action => ({ table, ...alteration(command, source) }))
}

/** What a subcommand does, without the table, which all subcommands of an ALTER TABLE share. */
type Alteration = WithoutTable<TableAction>
type WithoutTable<T> = T extends unknown ? Omit<T, 'table'> : never

function alteration(command: AlterTableCmd, source: Source): Alteration {
  const { subtype = '', name: column = '', def, behavior } = command
  const cascade = behavior === 'DROP_CASCADE'
  switch (subtype) {
    case 'AT_AddColumn':
      return def && 'ColumnDef' in def
        ? {
            kind: 'add-column',
            column: columnOf(def.ColumnDef, source),
            ifNotExists: command.missing_ok === true,
          }
        : { kind: 'alter-table', subcommand: subtype }
    case 'AT_DropColumn':
      return { kind: 'drop-column', column, cascade }
    case 'AT_AlterColumnType':
      return typeChange(column, def, source)
    case 'AT_SetNotNull':
      return { kind: 'set-not-null', column }
    case 'AT_DropNotNull':
      return { kind: 'drop-not-null', column }
    case 'AT_ColumnDefault':
      return { kind: def ? 'set-default' : 'drop-default', column }
    case 'AT_AddConstraint': {
      const constraint =
        def && 'Constraint' in def ? constraintOf(def.Constraint, source) : undefined
      return constraint
        ? { kind: 'add-constraint', constraint }
        : { kind: 'alter-table', subcommand: subtype }
    }
    case 'AT_DropConstraint':
      return { kind: 'drop-constraint', name: column }
    case 'AT_ValidateConstraint':
      return { kind: 'validate-constraint', name: column }
    case 'AT_EnableRowSecurity':
    case 'AT_DisableRowSecurity':
      return { kind: 'row-security', enabled: subtype === 'AT_EnableRowSecurity' }
    case 'AT_AttachPartition':
    case 'AT_DetachPartition': {
      const partition = def && 'PartitionCmd' in def ? def.PartitionCmd : undefined
      return {
        kind: subtype === 'AT_AttachPartition' ? 'attach-partition' : 'detach-partition',
        partition: relationName(partition?.name),
        concurrently: partition?.concurrent === true,
      }
    }
    case 'AT_DropIdentity':
      return { kind: 'alter-table', subcommand: subtype, column }
    default:
      return { kind: 'alter-table', subcommand: subtype }
  }
}

function typeChange(column: string, def: Node | undefined, source: Source): Alteration {
  const change = def && 'ColumnDef' in def ? def.ColumnDef : undefined
  const { location } = change ?? {}
  const using = change?.raw_default
    ? textAfterKeyword(source, 'USING', {
        ends: [','],
        ...(location === undefined ? {} : { location }),
      })
    : undefined
  const casts = castsOf(change?.raw_default, column)
  return {
    kind: 'change-type',
    column,
    type: typeText(change?.typeName),
    ...(using === undefined ? {} : { using }),
    ...(casts === undefined ? {} : { casts }),
    ...(change?.collClause === undefined ? {} : { collated: true as const }),
  }
}

/** The types that an expression casts a column to; undefined if it does anything else. */
function castsOf(expression: Node | undefined, column: string): string[] | undefined {
  if (expression === undefined) return undefined
  if ('ColumnRef' in expression)
    return names(expression.ColumnRef.fields).at(-1) === column ? [] : undefined
  if (!('TypeCast' in expression)) return undefined
  const { arg, typeName } = expression.TypeCast
  const inner = castsOf(arg, column)
  return inner && [...inner, typeText(typeName)]
}
