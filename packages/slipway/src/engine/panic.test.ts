import { expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import { withRawEngine } from './engine.ts'
import { createOfflineSession } from './postgres/offline-session.ts'

// In its own file, because the engine of a process is not called again after a crash.
test('a crash of the engine is a failure, and the engine is not called again', async () => {
  const crash = () =>
    attempt(() =>
      withRawEngine({ main: createOfflineSession() }, ({ call }) =>
        call(async (engine) => engine.debugPanic()),
      ),
    )
  const failure = { code: 'ENGINE.PANICKED', why: expect.stringContaining('artificial panic') }
  expect(await crash()).toMatchObject({ failure })
  expect(await crash()).toMatchObject({ failure })
})
