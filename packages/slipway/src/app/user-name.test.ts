import { execFileSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { userName } from './user-name.ts'

test('a user has its name', () => {
  expect(userName()).toBe(os.userInfo().username)
})

test.runIf(process.getuid?.() === 0)('a user without a name has its number', () => {
  const file = path.join(import.meta.dirname, 'user-name.ts')
  const code = `import('${file}').then(({ userName }) => console.log(userName()))`
  const options = { uid: 54_321, encoding: 'utf8', cwd: '/' } as const
  expect(execFileSync(process.execPath, ['--eval', code], options).trim()).toBe('54321')
})
