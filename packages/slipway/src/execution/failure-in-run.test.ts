import { expect, test } from 'vitest'
import { advice, command, type Failure } from '../kernel/index.ts'
import { failureInRun } from './failure-in-run.ts'

const STOPPED: Failure = {
  code: 'DEPLOY.STOPPED',
  message: 'Stopped during 2_b.',
  why: 'It was undone.',
  nextActions: [
    advice('Run the same command again: it continues from here.'),
    command(['status'], 'see the state of the database'),
  ],
}

test('a stopped rollback continues with the remaining migrations only', () => {
  const { why, nextActions } = failureInRun(STOPPED, { direction: 'down', done: 39, left: 2 })
  expect(why).toBe(
    'It was undone. 39 migrations were rolled back before it and remain rolled back.',
  )
  expect(nextActions.map((action) => 'args' in action && action.args)).toEqual([
    ['rollback', '--steps', '2'],
    ['status'],
  ])
})

test('a deploy continues with the same command: applied migrations do not run again', () => {
  const failure = failureInRun(STOPPED, { direction: 'up', done: 1, left: 2 })
  expect(failure).toEqual({
    ...STOPPED,
    why: 'It was undone. 1 migration was applied before it and remains applied.',
  })
})
