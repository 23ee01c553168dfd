import { expect, test } from 'vitest'
import { programOf } from './program.ts'

const CWD = '/work/shop'
const BIN = `${CWD}/node_modules/.bin/slipway`

/** User agents as npm 11, pnpm 10, Yarn 4 and Bun 1.3 set them. */
const AGENTS = {
  npm: 'npm/11.6.2 node/v24.21.0 linux x64 workspaces/false',
  pnpm: 'pnpm/10.20.0 npm/? node/v24.21.0 linux x64',
  yarn: 'yarn/4.11.0 npm/? node/v24.21.0 linux x64',
  bun: 'bun/1.3.2 npm/? node/v24.3.0 linux x64',
}

function started(script: string, env: Record<string, string> = {}): string {
  return programOf({ argv: ['/usr/bin/node', script], env, cwd: CWD, version: '1.2.3' })
}

test.each([
  ['npx slipway', BIN, AGENTS.npm],
  ['npx slipway@1.2.3', '/home/me/.npm/_npx/0c2f/node_modules/.bin/slipway', AGENTS.npm],
  ['pnpm exec slipway', BIN, AGENTS.pnpm],
  [
    'pnpm dlx slipway@1.2.3',
    '/home/me/.cache/pnpm/dlx/1a/1-2/node_modules/.bin/slipway',
    AGENTS.pnpm,
  ],
  ['yarn slipway', `${CWD}/node_modules/slipway/bin/slipway.js`, AGENTS.yarn],
  [
    'yarn dlx slipway@1.2.3',
    '/tmp/xfs-2f/dlx-991/node_modules/slipway/bin/slipway.js',
    AGENTS.yarn,
  ],
  ['bunx slipway', BIN, AGENTS.bun],
  ['bunx slipway@1.2.3', '/tmp/bunx-0-slipway@latest/node_modules/.bin/slipway', AGENTS.bun],
])('%s', (expected, script, agent) => {
  expect(started(script, { npm_config_user_agent: agent })).toBe(expected)
})

test('a package manager that sets only its path', () => {
  expect(started(BIN, { npm_execpath: '/usr/lib/node_modules/pnpm/bin/pnpm.cjs' })).toBe(
    'pnpm exec slipway',
  )
})

test('without a package manager: the name if the shell finds it, otherwise the script as passed to Node', () => {
  expect(started('/usr/local/bin/slipway', { PATH: '/usr/bin:/usr/local/bin' })).toBe('slipway')
  expect(started(BIN, { PATH: '/usr/bin' })).toBe('npx slipway')
  expect(started(`${CWD}/packages/slipway/bin/slipway.js`)).toBe(
    'node packages/slipway/bin/slipway.js',
  )
  expect(started('/opt/my tools/slipway.js')).toBe("node '/opt/my tools/slipway.js'")
})
