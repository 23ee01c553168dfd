import { expect, it, vi } from 'vitest'
import { currentActor } from './actor/index.ts'
import { consistencyToken } from './replicas/index.ts'

it('is one for all copies of the package that a bundler makes', async () => {
  vi.resetModules()
  const [actors, replicas] = await Promise.all([
    import('./actor/index.ts'),
    import('./replicas/index.ts'),
  ])
  expect(replicas.consistencyToken).not.toBe(consistencyToken)
  expect(replicas.withConsistency('primary', () => consistencyToken())).toBe('primary')
  expect(actors.withActor('ann', () => currentActor())).toBe('ann')
})
