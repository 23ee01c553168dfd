import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { takeFolderLock } from './folder-lock.ts'

const PROGRAM = `
import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
const [lock, log, rounds] = process.argv.slice(1)
const { takeFolderLock } = await import(${JSON.stringify(path.join(import.meta.dirname, 'folder-lock.ts'))})
for (let done = 0; done < Number(rounds); ) {
  const release = takeFolderLock(lock)
  if (release === undefined) continue
  done++
  appendFileSync(log, 'in\\n')
  appendFileSync(log, 'out\\n')
  // Every second time as a process that was killed: its lock stays, with the id of a dead process.
  if (done % 2 === 0) release()
  else writeFileSync(lock, '999999999')
}
`

test('if several processes find the lock of a dead process at the same time, only one takes it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-lock-'))
  const [lock, log] = [path.join(folder, 'lock'), path.join(folder, 'log')]
  const rounds = 60
  const run = () =>
    new Promise<number | null>((resolve) => {
      const args = ['--input-type=module', '-e', PROGRAM, lock, log, String(rounds)]
      spawn(process.execPath, args, { stdio: 'inherit' }).on('exit', resolve)
    })
  try {
    expect(await Promise.all([run(), run(), run()])).toEqual([0, 0, 0])
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    expect(lines).toEqual(Array.from({ length: 3 * rounds }, () => ['in', 'out']).flat())
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the lock of a living process is not taken', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-lock-'))
  const lock = path.join(folder, 'lock')
  try {
    const release = takeFolderLock(lock)
    expect(takeFolderLock(lock)).toBeUndefined()
    release?.()
    writeFileSync(lock, '999999999')
    expect(takeFolderLock(lock)).toBeDefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
