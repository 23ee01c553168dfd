import { expect, test } from 'vitest'
import { checksum, parserFor } from '../statements/index.ts'
import { announcementsIn } from './announced.ts'

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
