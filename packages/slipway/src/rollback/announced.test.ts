import { expect, test } from 'vitest'
import type { Kept } from '../safekeeping/index.ts'
import { checksum, parseMigration, parserFor } from '../statements/index.ts'
import { announcedOn, announcementsIn } from './announced.ts'

test('comments in the header are announced; literals and block comments are not', async () => {
  const down = `--slipway: checksum ${checksum('old')}\r
-- slipway: lossy  column User.name \r
/*
-- slipway: irreversible in a comment
*/
INSERT INTO note VALUES ('
-- slipway: choice in a literal
'); SELECT $$
-- slipway: irreversible in a body
$$; -- slipway: choice behind a statement
`
  const note = { kind: 'note', word: 'lossy', text: 'column User.name' }
  const parser = await parserFor('postgres')
  expect(await announcementsIn(parser, { down, up: 'old' })).toEqual([note])
  expect(await announcementsIn(parser, { down, up: 'new' })).toEqual([{ kind: 'stale' }, note])
})

test('a loss of which a part is not kept is not announced as kept', async () => {
  const object = { kind: 'table', schema: null, name: 'note' } as const
  const one: Kept = {
    id: 1,
    migration: '2_change',
    statement: 1,
    kind: 'rows',
    inserted: false,
    byRollback: false,
    table: object,
    columns: [],
    state: 'kept',
    returns: true,
    bytes: 0,
    keptAt: '2026-01-01T00:00:00Z',
  }
  const other: Kept = { ...one, id: 2, statement: 2, state: 'not-kept', returns: false }
  const loss = { what: 'rows', object } as const
  const plan = parseMigration({ name: '2_change', sql: 'SELECT 1;' }, await parserFor('postgres'))
  const announced = [{ kind: 'loss' as const, loss, kept: false }]
  const down = { plan, origin: 'file' as const, path: '', sql: '', announced, wrote: [] }
  const isKept = (kept: readonly Kept[]) =>
    announcedOn(down, { kept, schema: 'public' }).map((it) => it.kind === 'loss' && it.kept)
  expect(isKept([one])).toEqual([true])
  expect(isKept([one, other])).toEqual([false])
})
