import { expect, test } from 'vitest'
import { type Session, withSession } from '../../database/index.ts'
import {
  appliedRowSql,
  checksumRowSql,
  clearErrorSql,
  createHistorySql,
  failedRowSql,
  finishedRowSql,
  deleteUnfinishedRowSql,
  markedRowSql,
  readHistory,
  reopenRowSql,
  rolledBackRowSql,
  squashedRowsSql,
  startedRowSql,
} from '../index.ts'

async function onHistory(work: (session: Session) => Promise<void>): Promise<void> {
  await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(createHistorySql(session))
    await session.execute(createHistorySql(session))
    await work(session)
  })
}

test('a database without the table has an empty history', async () => {
  await withSession({ kind: 'sqlite' }, {}, async (session) => {
    expect(await readHistory(session)).toEqual({ exists: false, rows: [] })
  })
})

test('each change of a row can be read back', async () => {
  await onHistory(async (session) => {
    const states = async () =>
      (await readHistory(session)).rows.map(({ migration, finishedAt, rolledBackAt, logs }) => [
        migration,
        finishedAt !== null,
        rolledBackAt !== null,
        logs,
      ])
    await session.execute(startedRowSql(session, '1_a', 'sum'))
    await session.execute(failedRowSql(session, '1_a', `it's \\ broken`))
    expect(await states()).toEqual([['1_a', false, false, `it's \\ broken`]])
    await session.execute(clearErrorSql(session, '1_a'))
    expect(await states()).toEqual([['1_a', false, false, null]])
    await session.execute(finishedRowSql(session, '1_a', 'edited'))
    await session.execute(reopenRowSql(session, '1_a'))
    expect(await states()).toEqual([['1_a', false, false, null]])
    await session.execute(deleteUnfinishedRowSql(session, '1_a'))
    await session.execute(appliedRowSql(session, '2_b', 'sum'))
    await session.execute(checksumRowSql(session, '2_b', 'other'))
    const [row] = (await readHistory(session)).rows
    expect(row).toMatchObject({ migration: '2_b', checksum: 'other' })
    expect(Math.abs(Date.parse(row?.finishedAt ?? '') - Date.now())).toBeLessThan(60_000)
    await session.execute(rolledBackRowSql(session, '2_b'))
    expect(await states()).toEqual([['2_b', true, true, null]])
  })
})

test('a squash takes the place of the migrations that it replaces', async () => {
  await onHistory(async (session) => {
    for (const name of ['1_a', '2_b']) await session.execute(markedRowSql(session, name, 'sum'))
    const squash = { name: '2_b_squash', checksum: 'whole', replaces: ['1_a', '2_b'] }
    await session.execute(squashedRowsSql(session, squash))
    const { rows } = await readHistory(session)
    expect(rows.filter(({ rolledBackAt }) => rolledBackAt === null)).toMatchObject([
      { migration: '2_b_squash', checksum: 'whole' },
    ])
    expect(rows).toHaveLength(3)
  })
})
