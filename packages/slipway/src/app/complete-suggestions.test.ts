import { expect, test } from 'vitest'
import { command, failureFrom } from '../kernel/index.ts'
import { completeSuggestions } from './complete-suggestions.ts'

function suggested(method: string, args: readonly string[], options: object) {
  const failure = failureFrom('MODULE.REASON', {
    message: 'It did not work.',
    nextActions: [command(args, 'try again')],
  })
  const [action] = completeSuggestions(failure, method, options).nextActions
  return action?.kind === 'slipway' ? action.args.join(' ') : undefined
}

test.each([
  [
    'rollback',
    ['rollback', '--accept', 'unproven'],
    { to: 'a', fill: ['User.name=x', 'User.age=1'], confirm: 'shop' },
    'rollback --accept unproven --to a --fill User.name=x --fill User.age=1 --confirm shop',
  ],
  [
    'rollback',
    ['rollback', '--fill', 'User.name=x'],
    { fill: ['User.name=x'] },
    'rollback --fill User.name=x',
  ],
  [
    'deploy',
    ['deploy', '--accept', 'drift'],
    { identity: 'key.txt' },
    'deploy --accept drift --identity key.txt',
  ],
  ['deploy', ['drift'], { identity: 'key.txt' }, 'drift'],
])('%s completes %j with the options of the caller', (method, args, options, words) => {
  expect(suggested(method, args, options)).toBe(words)
})
