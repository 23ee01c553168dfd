import { defineConfig, devices } from '@playwright/test'

const PORT = 4319

/**
 * Tests the application as it is deployed (`next build`, `next start`), in Debian's Chromium, with a separate
 * PostgreSQL server that has the development seeds.
 */
export default defineConfig({
  testDir: 'browser',
  testMatch: '*.browser.ts',
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    launchOptions: { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' },
  },
  projects: [
    {
      name: 'desktop',
      use: { ...devices['Desktop Chrome'], viewport: { width: 1280, height: 900 } },
    },
    {
      name: 'phone',
      use: {
        ...devices['Desktop Chrome'],
        viewport: { width: 390, height: 844 },
        colorScheme: 'dark',
      },
    },
  ],
  webServer: {
    // Not with npm or npx, which leave the server running when they are terminated.
    command: 'node browser/server.ts',
    env: {
      PORT: String(PORT),
      LOG_LEVEL: 'warn',
      RATE_LIMIT: '100000',
      NEXT_TELEMETRY_DISABLED: '1',
    },
    url: `http://127.0.0.1:${PORT}/api/health/ready`,
    timeout: 420_000,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 5000 },
  },
})
