import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/**/*.test.ts', 'examples/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: 'packages/slipway/test/global-setup.ts',
    reporters: ['default', './tools/counts-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // These only end a test that hangs, also on a busy machine of two cores. The long form has tests of an hour.
    testTimeout: process.env['FULL'] === '1' ? 14_400_000 : 900_000,
    hookTimeout: 900_000,
  },
})
