import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { repositoryFields } from '../tools/repository.ts'
import { slowFiles } from './short-form/slow-files.ts'

const FIELDS = {
  repository: {
    type: 'git',
    url: 'git+https://code.example/team/slipway.git',
    directory: 'packages/slipway',
  },
  homepage: 'https://code.example/team/slipway/tree/main/packages/slipway#readme',
  bugs: { url: 'https://code.example/team/slipway/issues' },
}

test.each([
  'https://code.example/team/slipway.git',
  'https://code.example/team/slipway',
  'https://user:secret@code.example/team/slipway.git',
  'ssh://git@code.example:2222/team/slipway.git',
  'git@code.example:team/slipway.git',
])('the published package names the repository of the remote %s', (origin) => {
  expect(repositoryFields('packages/slipway', {}, origin)).toEqual(FIELDS)
})

test('the repository that the CI names has precedence', () => {
  const environment = {
    GITHUB_SERVER_URL: 'https://code.example',
    GITHUB_REPOSITORY: 'team/slipway',
  }
  expect(repositoryFields('packages/slipway', environment, '/srv/copy')).toEqual(FIELDS)
})

test.each(['/srv/slipway', '../slipway', 'file:///srv/slipway', ''])(
  'a folder is not an address: %s',
  (origin) => {
    expect(repositoryFields('packages/slipway', {}, origin)).toBeUndefined()
  },
)

test('the slow test files exist', () => {
  const exists = (file: string) => existsSync(path.join(import.meta.dirname, '..', file))
  expect(Object.keys(slowFiles).filter((file) => !exists(file))).toEqual([])
})
