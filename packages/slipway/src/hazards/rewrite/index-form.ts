import { indexName, keyOf, tableNamed } from '../../schema/index.ts'
import { type Action, isKeyword, tokensOf } from '../../statements/index.ts'
import { tableOfIndex } from '../locks.ts'
import { qualified } from '../quote.ts'
import { fits, type Form, none, type Site } from './form.ts'

const PARTITIONED = 'PostgreSQL refuses CONCURRENTLY for an index of a table with partitions.'

/** The same index, built without blocking writes. */
export function builtIndex(action: Extract<Action, { kind: 'create-index' }>, site: Site): Form {
  if (tableNamed(site.schema, action.table)?.partitioned) return none(PARTITIONED)
  const given = action.name === undefined ? chosenName(action, site) : ''
  if (given === undefined) {
    return none(
      'The index has no name, and the name that PostgreSQL would choose is unknown. Name it.',
    )
  }
  return {
    kind: 'steps',
    steps: [withConcurrently(site.text, given)],
    separateTransactions: false,
    done: 'The index is built CONCURRENTLY: SHARE UPDATE EXCLUSIVE instead of SHARE, so writes continue.',
  }
}

/** The index needs a name, because an interrupted deploy uses it to find the unfinished index. */
function chosenName(
  { table, columns }: Extract<Action, { kind: 'create-index' }>,
  { schema, text }: Site,
): string | undefined {
  const name = indexName(table, columns)
  const taken = schema.indexes.has(keyOf(schema, { ...table, name }))
  const covers = tokensOf(text).some((token) => isKeyword(token, 'INCLUDE'))
  return taken || covers || !fits(name) || columns.includes('') ? undefined : qualified({ name })
}

/** The same indexes, each dropped without blocking reads and writes. */
export function droppedIndexes(site: Site): Form {
  const { statement, text, schema } = site
  const drops = statement.actions.flatMap((one) => (one.kind === 'drop-index' ? [one] : []))
  const tables = drops.map(({ index }) => tableOfIndex(schema, index))
  if (tables.some((table) => table && tableNamed(schema, table)?.partitioned)) {
    return none(PARTITIONED)
  }
  if (isKeyword(tokensOf(text).at(-1), 'CASCADE')) {
    return none('PostgreSQL refuses CASCADE together with CONCURRENTLY.')
  }
  return {
    kind: 'steps',
    steps:
      drops.length === 1
        ? [withConcurrently(text, '')]
        : drops.map(
            ({ index, ifExists }) =>
              `DROP INDEX CONCURRENTLY ${ifExists ? 'IF EXISTS ' : ''}${qualified(index)}`,
          ),
    separateTransactions: false,
    done: 'Dropped CONCURRENTLY: SHARE UPDATE EXCLUSIVE instead of ACCESS EXCLUSIVE, so no session waits.',
  }
}

/** Inserts CONCURRENTLY and a name after the word INDEX. */
function withConcurrently(text: string, name: string): string {
  const at = tokensOf(text).find((token) => isKeyword(token, 'INDEX'))?.end ?? 0
  return `${text.slice(0, at)} CONCURRENTLY${name === '' ? '' : ` ${name}`}${text.slice(at)}`
}
