import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect } from 'vitest'
import { type Manifest, sealedText } from '../../src/backup/manifest.ts'
import { testWithPrograms as test } from '../client-programs.ts'
import { serverUrl } from '../postgres.ts'
import { backupProject, type BackupProject } from './backup-project.ts'

// `backup verify --quick` finds and names any damage to the files of a backup. It never refuses a sound backup.

const FULL = process.env['FULL'] === '1'
const DAMAGES = FULL ? 1000 : 30
const CLEAN = FULL ? 200 : 4
const LONG = { timeout: 3_600_000 }

let project: BackupProject
/** Backups: two without encryption, one with it, one in the directory format. */
let ids: string[]

beforeAll(async () => {
  const recipient = await identityToRecipient(await generateIdentity())
  project = await backupProject()
  const { root, target, create } = project
  await target.sql(`CREATE TABLE note (id int PRIMARY KEY, text text);
    INSERT INTO note SELECT n, md5(n::text) FROM generate_series(1, 300) n`)
  ids = [await create()]
  await target.sql(`INSERT INTO note SELECT n, md5(n::text) FROM generate_series(301, 600) n`)
  ids.push(await create())
  ids.push(await create('--dump-format directory'))
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    `export default { environments: { production: { url: 'env:DATABASE_URL', backup: { encryption: { recipients: ['${recipient}'] } } } } }\n`,
  )
  ids.push(await create())
})
afterAll(() => project.drop())

/** Pseudorandom numbers (mulberry32), the same in each run. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

interface Damage {
  readonly id: string
  /** A part of the backup, and one of another backup. */
  readonly part: string
  readonly other: string
  readonly manifest: string
  readonly otherManifest: string
  readonly below: (limit: number) => number
}

const read = (file: string) => readFileSync(file)
const contentOf = (file: string) =>
  (JSON.parse(read(file).toString()) as { content: Manifest }).content

function flipBit(file: string, below: Damage['below']): void {
  const bytes = read(file)
  const at = below(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
  writeFileSync(file, bytes)
}

function truncate(file: string, below: Damage['below']): void {
  const bytes = read(file)
  writeFileSync(file, bytes.subarray(0, below(bytes.length)))
}

function swap(one: string, other: string): void {
  renameSync(one, `${one}.swap`)
  renameSync(other, one)
  renameSync(`${one}.swap`, other)
}

/** Writes a changed manifest with a valid checksum of itself. */
function reseal(file: string, change: (content: Manifest) => object): void {
  const content = contentOf(file)
  writeFileSync(file, sealedText({ ...content, ...change(content) }))
}

const KINDS: Readonly<Record<string, (damage: Damage) => void>> = {
  'a flipped bit': ({ part, below }) => flipBit(part, below),
  'a flipped bit in the manifest': ({ manifest, below }) => flipBit(manifest, below),
  truncation: ({ part, below }) => truncate(part, below),
  'truncation of the manifest': ({ manifest, below }) => truncate(manifest, below),
  'bytes too many': ({ part, below }) => {
    writeFileSync(part, Buffer.concat([read(part), Buffer.alloc(1 + below(100), below(256))]))
  },
  'swapped parts': ({ part, other }) => swap(part, other),
  'swapped manifests': ({ manifest, otherManifest }) => swap(manifest, otherManifest),
  'an edited manifest': ({ manifest, below }) => {
    const text = read(manifest).toString()
    const digits = [...text.matchAll(/(?<=: )\d/g)].map(({ index }) => index)
    const at = digits[below(digits.length)] ?? 0
    const digit = (Number(text[at]) % 9) + 1
    writeFileSync(
      manifest,
      text.slice(0, at) + String(digit === Number(text[at]) ? 9 : digit) + text.slice(at + 1),
    )
  },
  'a manifest that names parts of another backup': ({ manifest, otherManifest }) => {
    const { parts } = contentOf(otherManifest)
    reseal(manifest, () => ({ parts }))
  },
  'a manifest with another checksum': ({ manifest }) => {
    reseal(manifest, ({ parts }) => ({
      parts: parts.map((one) => ({ ...one, sha256: 'f'.repeat(64) })),
    }))
  },
  'a missing part': ({ part }) => rmSync(part),
  'a missing manifest': ({ manifest }) => rmSync(manifest),
}

const CODES = ['BACKUP.DAMAGED', 'BACKUP.MANIFEST_INVALID', 'BACKUP.NOT_FOUND']

test(`${DAMAGES} random kinds of damage are found`, LONG, async () => {
  const { store, files, slipway } = project
  const originals = new Map(
    files()
      .filter((name) => name !== 'production' && /\./.test(name))
      .map((name) => [path.join(store, name), read(path.join(store, name))]),
  )
  const below = numbersFrom(20261129)
  const kinds = Object.entries(KINDS)
  for (let run = 0; run < DAMAGES; run++) {
    const [kind = '', damage = () => {}] = kinds[run % kinds.length] ?? []
    const at = below(ids.length)
    const [id = '', otherId = ''] = [ids[at], ids[(at + 1 + below(ids.length - 1)) % ids.length]]
    const pick = (of: string) => {
      const parts = contentOf(path.join(store, `${of}.manifest.json`)).parts
      return path.join(store, parts[below(parts.length)]?.key ?? '')
    }
    const work = {
      id,
      part: pick(id),
      other: pick(otherId),
      manifest: path.join(store, `${id}.manifest.json`),
      otherManifest: path.join(store, `${otherId}.manifest.json`),
      below,
    }
    damage(work)
    const title = `damage ${run}: ${kind} of ${id}`
    const found = await slipway(`backup verify ${id} --quick`)
    expect(CODES, `${title}\n${found.output}`).toContain(found.failure?.code)
    expect([2, 4], title).toContain(found.exitCode)
    const { unusable, backups } = (await slipway('backup list')).result
    // `backup list` does not read files: it cannot find damage that leaves the size unchanged.
    if (!/bit$|part|checksum/.test(kind) || kind.startsWith('a m'))
      if (kind !== 'a manifest with another checksum')
        expect(
          backups.map((one) => one.id),
          title,
        ).not.toContain(id)
    // The damaged backups are named, and no others.
    for (const one of unusable) expect([id, otherId], title).toContain(one.id)
    for (const [file, bytes] of originals) writeFileSync(file, bytes)
  }
  for (const id of ids)
    expect(await slipway(`backup verify ${id} --quick`)).toMatchObject({ exitCode: 0 })
})

test(`${CLEAN} undamaged backups are verified without a false alarm`, LONG, async () => {
  const { target, slipway } = project
  writeFileSync(
    path.join(project.root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL' } } }\n",
  )
  for (let run = 0; run < CLEAN; run++) {
    await target.sql(`INSERT INTO note VALUES (${1000 + run}, 'new'); UPDATE note SET text = 'changed' WHERE id = ${run};
      DELETE FROM note WHERE id = ${300 + run}; CREATE TABLE t${run} AS SELECT * FROM note LIMIT ${run}`)
    const id = await project.create(['', '--dump-format plain', '--dump-format directory'][run % 3])
    expect(await slipway(`backup verify ${id} --quick`)).toMatchObject({
      exitCode: 0,
      findings: [{ id: 'backup-not-compared' }],
    })
    const verified = await slipway(`backup verify ${id} --server ${serverUrl()}`)
    expect(verified, verified.output).toMatchObject({ exitCode: 0, failure: null, findings: [] })
    expect((await slipway('backup list')).result.unusable).toEqual([])
  }
})
