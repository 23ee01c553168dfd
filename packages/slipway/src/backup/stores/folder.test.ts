import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { folderStore } from './folder.ts'

test('removing all files of a backup in the directory format leaves no folder', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-store-'))
  try {
    const store = folderStore(folder)
    const { signal } = new AbortController()
    for (const key of ['a/1', 'a/2', 'b/1'])
      await store.write(key, Readable.from([Buffer.from('x')]), { signal })
    await store.remove(['a/1', 'a/2'])
    expect(readdirSync(folder)).toEqual(['b'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
