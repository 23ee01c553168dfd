import { expect, it, vi } from 'vitest'
import { currentActor } from './actor/index.ts'
import { consistencyToken } from './replicas/index.ts'

it('is shared by all copies of the package that a bundler creates', async () => {
  vi.resetModules()
  const [actors, replicas] = await Promise.all([
    import('./actor/index.ts'),
    import('./replicas/index.ts'),
  ])
  expect(replicas.consistencyToken).not.toBe(consistencyToken)
  expect(replicas.withConsistency('primary', () => consistencyToken())).toBe('primary')
  expect(actors.withActor('ann', () => currentActor())).toBe('ann')
})
