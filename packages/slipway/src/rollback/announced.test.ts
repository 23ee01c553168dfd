import { beforeAll, expect, test } from 'vitest'
import { checksum, loadParser } from '../statements/index.ts'
import { announcementsIn } from './announced.ts'

beforeAll(loadParser)

test('comments of a head announce, and what a literal or a block comment holds does not', async () => {
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
  expect(await announcementsIn(down, 'old')).toEqual([note])
  expect(await announcementsIn(down, 'new')).toEqual([{ kind: 'stale' }, note])
})
