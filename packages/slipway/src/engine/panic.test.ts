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
  const files = [{ path: 'schema.prisma', content: 'datasource db { provider = "postgresql" }' }]
  const overlapping = await attempt(() =>
    withRawEngine({ main: createOfflineSession(), files }, ({ call }) => {
      const read = attempt(() =>
        call((engine) =>
          engine.introspect({
            schema: { files },
            baseDirectoryPath: '/',
            force: false,
            compositeTypeDepth: -1,
            namespaces: null,
          }),
        ),
      )
      return Promise.all([read, attempt(() => call(async (engine) => engine.debugPanic()))])
    }),
  )
  const failure = { code: 'ENGINE.PANICKED', why: expect.stringContaining('artificial panic') }
  expect(overlapping).toMatchObject({ value: [{ failure }, { failure }] })
  expect(await crash()).toMatchObject({ failure })
})
