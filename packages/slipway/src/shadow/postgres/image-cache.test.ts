import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createImageCache } from './image-cache.ts'

test('a damaged image is not used, and is stored again', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-images-'))
  writeFileSync(path.join(folder, 'a.image'), 'damaged')
  const cache = createImageCache(folder)
  expect([cache.has('a'), cache.load('a'), cache.has('a')]).toEqual([true, undefined, false])
  cache.store('a', new Uint8Array([1, 2]))
  expect(cache.load('a')).toEqual(new Uint8Array([1, 2]))
})
