import { type Action, type ObjectName, type Statement } from '../statements/index.ts'

const MAX_LENGTH = 40

/** The name that one action suggests for a migration, and its rank: the lowest rank wins. */
interface Word {
  readonly rank: number
  readonly text: string
}

/**
 * A name for a migration, from what its statements do: `create_invoice`, `add_user_email`. The most important
 * change gives the name; the others are counted: `create_invoice_and_2_more`. The same statements give the
 * same name.
 */
export function nameOf(statements: readonly Pick<Statement, 'actions'>[]): string {
  const actions = statements.flatMap((statement) => statement.actions)
  const created = new Set(
    actions.flatMap((one) => (one.kind === 'create-table' ? tableOf(one) : [])),
  )
  const dropped = new Set(actions.flatMap((one) => (one.kind === 'drop' ? one.object.name : [])))
  // SQLite changes a table by creating another one, which then takes its name.
  const rebuilt = new Map(
    actions.flatMap((one) => {
      const isRebuild = one.kind === 'rename' && one.of === 'table' && dropped.has(one.to)
      return isRebuild && created.has(keyOf({ ...one, name: one.from })) ? [[one.from, one.to]] : []
    }),
  )
  for (const name of rebuilt.values()) created.add(keyOf({ name }))
  const words = actions.flatMap((action) => {
    if (action.kind === 'rename' && action.of === 'table' && rebuilt.has(action.from))
      return { rank: 9, text: `change_${snake(action.to)}` }
    if (action.kind === 'create-table' && rebuilt.has(action.table.name)) return []
    if (action.kind === 'drop' && [...rebuilt.values()].includes(action.object.name)) return []
    // A part of a new table is not a separate change.
    const table = tableOf(action)
    const part = action.kind !== 'create-table' && table !== undefined && created.has(table)
    return part ? [] : (wordOf(action) ?? [])
  })
  const texts = [...new Set(words.toSorted((a, b) => a.rank - b.rank).map(({ text }) => text))]
  const [first = 'change', ...others] = texts
  const count = others.length > 0 ? `_and_${others.length}_more` : ''
  return shortened(first, MAX_LENGTH - count.length) + count
}

function tableOf(action: Action): string | undefined {
  return 'table' in action && action.table ? keyOf(action.table) : undefined
}

function keyOf({ schema = '', name }: ObjectName): string {
  return `${schema}.${name}`
}

function wordOf(action: Action): Word | undefined {
  switch (action.kind) {
    case 'create-table':
      return { rank: 1, text: `create_${snake(action.table.name)}` }
    case 'create-view':
      return { rank: 2, text: `create_${snake(action.view.name)}` }
    case 'rename':
      return { rank: 3, text: `rename_${snake(action.from)}_to_${snake(action.to)}` }
    case 'drop':
      return { rank: 4, text: `drop_${snake(action.object.name)}` }
    case 'add-column':
      return { rank: 5, text: `add_${on(action.table, action.column.name)}` }
    case 'drop-column':
      return { rank: 6, text: `drop_${on(action.table, action.column)}` }
    case 'add-enum-value':
      return { rank: 7, text: `add_${on(action.type, action.value)}` }
    case 'create-enum':
      return { rank: 8, text: `create_${snake(action.type.name)}` }
    case 'change-type':
    case 'set-not-null':
    case 'drop-not-null':
    case 'set-default':
    case 'drop-default':
      return { rank: 9, text: `change_${on(action.table, action.column)}` }
    case 'create-index':
      return { rank: 10, text: `index_${on(action.table, ...action.columns)}` }
    case 'drop-index':
      return { rank: 11, text: `drop_${snake(action.index.name)}` }
    case 'add-constraint':
    case 'drop-constraint':
      return { rank: 12, text: `change_${snake(action.table.name)}` }
    default:
      return undefined
  }
}

function on({ name }: ObjectName, ...parts: readonly string[]): string {
  return [name, ...parts].map(snake).filter(Boolean).join('_')
}

function snake(name: string): string {
  return name
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '_')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter(Boolean)
    .join('_')
}

/** Ends with a whole word if there is one. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text
  const cut = text.slice(0, length + 1)
  const end = cut.lastIndexOf('_')
  return end > length / 2 ? cut.slice(0, end) : text.slice(0, length)
}
