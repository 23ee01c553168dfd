import { beforeAll, expect, test } from 'vitest'
import { loadParser, markersIn } from '../statements/index.ts'
import { downHeader, readDownFacts } from './down-file.ts'

beforeAll(loadParser)

const PARTS = {
  migration: { name: '1_a', sql: 'DROP TABLE a;' },
  deletes: [],
  renames: [],
  statements: [],
  choices: [],
  losses: [{ what: 'object', object: { kind: 'table', schema: null, name: 'a' } }],
} as const

test('the facts in the header of a down.sql are read as written, or not at all', async () => {
  const head = downHeader(PARTS, { grade: 'lossy', notRestored: [] })
  const facts = await readDownFacts(markersIn(head))
  expect(facts).toEqual({
    format: 1,
    grade: 'lossy',
    losses: PARTS.losses,
    choices: [],
    notRestored: [],
    obstacle: null,
  })
  expect(await readDownFacts(markersIn(head.replaceAll('\n', '\r\n')))).toEqual(facts)
  const spoilt: readonly [string, string][] = [
    ['"format":1', '"format":2'],
    ['"kind":"table"', '"kind":"tabel"'],
    ['"name":"a"', '"name":5'],
    ['"choices":[]', '"choices":[null]'],
    ['"notRestored":[]', '"notRestored":{}'],
    ['"obstacle":null', '"obstacle":['],
    ['facts ', 'fact '],
  ]
  for (const [from, to] of spoilt) {
    expect(head).toContain(from)
    expect(await readDownFacts(markersIn(head.replace(from, to))), to).toBe(undefined)
  }
})
