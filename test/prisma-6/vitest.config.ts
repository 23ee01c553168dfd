import path from 'node:path'
import { defineConfig } from 'vitest/config'

/** Tests the runtime's promises on Prisma 6: `npm run test:prisma-6`. */

const here = (file: string) => path.join(import.meta.dirname, file)

export default defineConfig({
  root: here('../..'),
  resolve: {
    alias: [
      { find: '@prisma/adapter-pg', replacement: here('node_modules/@prisma/adapter-pg') },
      {
        find: /^.*\/test\/generated\/client\.ts$/,
        replacement: here('generated/client/client.ts'),
      },
    ],
  },
  test: {
    include: ['packages/runtime/src/{extension,actor/actor,cache/cache,health/health}.test.ts'],
    globalSetup: 'packages/slipway/test/global-setup.ts',
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
