import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import { loadProject } from './index.ts'

async function outcome(config: string) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'slipway-config-'))
  try {
    writeFileSync(path.join(root, 'schema.prisma'), 'datasource db {\n provider = "postgresql"\n}')
    writeFileSync(path.join(root, 'slipway.config.ts'), config)
    return await attempt(() => loadProject({ cwd: root, env: {} }))
  } finally {
    rmSync(root, { recursive: true })
  }
}

test.each([
  [`{ enviroments: {} }`, 'slipway.config.ts has an unknown key: enviroments.', 'environments'],
  [
    `{ environments: { production: { directURL: 'x' } } }`,
    'slipway.config.ts has an unknown key in environments.production: directURL.',
    'directUrl',
  ],
  [
    `{ environments: { production: { deploy: { locktimeout: '1s' } } } }`,
    'slipway.config.ts has an unknown key in environments.production.deploy: locktimeout.',
    'lockTimeout',
  ],
  [`{ rulez: 'a', toString: 1 }`, 'slipway.config.ts has an unknown key: rulez.', 'rules'],
])('%s: an unknown key is named, with a suggestion', async (config, message, meant) => {
  expect(await outcome(`export default ${config}`)).toMatchObject({
    failure: { code: 'PROJECT.CONFIG_UNKNOWN_KEY', message, why: `Did you mean ${meant}?` },
  })
})

test.each([
  [`5`, 'It must export an object.'],
  [`{ environments: { a: { url: 5 } } }`, 'environments.a.url must be a string.'],
  [
    `{ environments: { a: { backup: 'always' } } }`,
    "environments.a.backup must be 'never', 'before-deploy' or 'verified-before-deploy' or an object.",
  ],
  [`{ environments: { a: { confirm: 'yes' } } }`, 'environments.a.confirm must be true or false.'],
  [
    `{ environments: { a: { seeds: [1] } } }`,
    'environments.a.seeds must be a string or a list of strings.',
  ],
  [
    `{ environments: { a: { deploy: { deadline: 30 } } } }`,
    'environments.a.deploy.deadline must be a duration',
  ],
  [`[]`, 'It must export an object.'],
  [`{ environments: [] }`, 'environments must be an object.'],
  [`{ environments: { a: { url: () => 'x' } } }`, 'environments.a.url must be a string.'],
  [`JSON.parse('{ "environments": { "__proto__": 1 } }')`, 'environments.__proto__ must be'],
])('%s: a wrong value is named', async (config, why) => {
  expect(await outcome(`export default ${config}`)).toMatchObject({
    failure: { code: 'PROJECT.CONFIG_INVALID', why: expect.stringContaining(why) },
  })
})

test('types of slipway itself are stripped', async () => {
  const config = `import { defineConfig, type SlipwayConfig } from 'slipway'
    const config: SlipwayConfig = { environments: { development: {} } }
    export default defineConfig(config)`
  expect(await outcome(config)).toMatchObject({ ok: true, value: { configured: true } })
})
