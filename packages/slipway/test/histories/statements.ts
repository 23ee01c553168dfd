import type { Names } from './catalog-names.ts'
import { CODE, RIGHTS, VIEWS } from './code-statements.ts'
import { drawFrom, NothingToDraw, type Template } from './draw.ts'
import { KEYS, PARTITIONS } from './key-statements.ts'
import { SEQUENCES, TYPES_OF_OWN } from './object-statements.ts'
import type { Random } from './random.ts'
import { ROWS } from './row-statements.ts'
import { COLUMNS, TABLES } from './table-statements.ts'

/** All templates, each kind with its weight. */
const KINDS: readonly (readonly [number, readonly Template[]])[] = [
  [3, TABLES],
  [5, COLUMNS],
  [3, KEYS],
  [2, PARTITIONS],
  [2, TYPES_OF_OWN],
  [2, SEQUENCES],
  [2, CODE],
  [1, VIEWS],
  [2, RIGHTS],
  [5, ROWS],
]
const WEIGHTED = KINDS.flatMap(([weight, templates]) =>
  Array.from({ length: weight }, () => templates),
)

/** A random statement for a database; undefined if the database lacks the objects that it needs. */
export function randomStatement(random: Random, names: Names): string | undefined {
  const draw = drawFrom(random, names)
  try {
    return draw.one(draw.one(WEIGHTED))(draw)
  } catch (error) {
    if (error instanceof NothingToDraw) return undefined
    throw error
  }
}
