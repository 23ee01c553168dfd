import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { writeProject } from '../../test/project.ts'
import { openProject } from './index.ts'

const URL = 'postgresql://app@127.0.0.1:1/shop'

async function needed(settings: string, env: Readonly<Record<string, string>>): Promise<string> {
  const cwd = writeProject([])
  const config = `export default { environments: { production: ${settings} } }`
  writeFileSync(path.join(cwd, 'slipway.config.ts'), config)
  const slipway = await openProject({ cwd, env, environment: 'production' })
  const outcome = await slipway.backup.schedule({ every: '@daily', scheduler: 'cron' })
  const [file] = outcome.result?.files ?? []
  return /set PATH, (.*) above/.exec(file?.text ?? '')?.[1] ?? ''
}

test('a schedule names every variable that the backup needs', async () => {
  const settings = `{ url: 'env:SHOP_DB', directUrl: 'env:SHOP_DIRECT', backup: {
    encryption: 'passphrase', notify: { webhook: 'env:HOOK', heartbeat: 'https://example.com' } } }`
  expect(await needed(settings, { SHOP_DB: URL, SHOP_DIRECT: URL })).toBe(
    'SHOP_DB, SHOP_DIRECT, HOOK, SLIPWAY_BACKUP_PASSPHRASE',
  )
})

test('a variable that is not set on this machine is named too', async () => {
  expect(await needed(`{ url: 'env:SHOP_DB' }`, {})).toBe('SHOP_DB')
})
