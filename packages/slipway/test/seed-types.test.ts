import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

// The examples of the guide and sets with the types of Prisma Client compile; incorrect sets do not.

const REPOSITORY = path.resolve(import.meta.dirname, '../../..')
const GUIDE = readFileSync(path.join(REPOSITORY, 'docs/guides/seeds.md'), 'utf8')
const EXAMPLES = [...GUIDE.matchAll(/```ts\n([^]*?)```/g)]
  .map(([, code = '']) => code)
  .filter((code) => code.includes('defineSeed'))

const RIGHT = `import { defineSeed } from 'slipway'
import { Prisma } from '../../../../examples/carriers/generated/prisma/client.ts'
enum Grade { Good = 'GOOD' }
interface Plan { code: string; grade?: Grade; since: Date; limits?: Prisma.InputJsonValue | typeof Prisma.JsonNull; upgradeOfId?: string | null }
export const typed = defineSeed<{ Carrier: Prisma.CarrierUncheckedCreateInput; Contact: Prisma.ContactUncheckedCreateInput; Plan: Plan; Tag: { name: string } }>({
  version: 1,
  tables: {
    Carrier: { key: ['mcNumber'], mode: 'own', cascade: ['contacts'], rows: 'carriers.csv' },
    Contact: {
      key: ['carrierId', 'fullName'],
      rows: [
        { carrierId: { mcNumber: '1' }, fullName: 'a', isPrimary: true, createdAt: new Date() },
        { carrierId: 7, fullName: 'b', title: null, phone: undefined as never },
      ],
    },
    Plan: {
      key: ['code'],
      sensitive: ['limits'],
      rows: async function* () {
        yield { code: 'a', grade: Grade.Good, since: new Date(), upgradeOfId: { code: 'b' } }
        yield { code: 'b', since: new Date(), limits: { users: 3, list: [1, 'x'] }, upgradeOfId: null }
        yield { code: 'c', since: new Date(), limits: Prisma.JsonNull }
      },
    },
    Tag: { key: ['name'], rows: async () => new Set([{ name: 'a' }]) },
  },
})
export const untyped = defineSeed({
  version: 1,
  environments: ['testing'],
  dependsOn: ['a'],
  tables: {
    plans: {
      key: ['code'],
      rows: [
        { code: 'a', since: new Date(), grade: Grade.Good, bytes: new Uint8Array(), big: 1n, list: [1, null], doc: { a: [{ b: 1 }] } },
        { code: 'b', up: { code: 'a' }, 'next.code': 'a', left: undefined },
      ],
    },
    tags: { key: ['name'], mode: 'own', rows: 'tags.csv' },
    made: { key: ['n'], rows: function* () { yield { n: 1 } } },
    none: { key: ['n'], rows: [] },
  },
})
`

const WRONG = [
  `defineSeed<{ Tag: { name: string } }>({ version: 1, tables: { Tag: { key: ['nam'], rows: [] } } })`,
  `defineSeed<{ Tag: { name: string } }>({ version: 1, tables: { Tag: { key: ['name'], rows: [{ nam: 'a' }] } } })`,
  `defineSeed<{ Tag: { name: string } }>({ version: 1, tables: { Tag: { key: ['name'], rows: [{ name: true }] } } })`,
  `defineSeed<{ Tag: { name: string } }>({ version: 1, tables: { Tga: { key: ['name'], rows: [] } } })`,
  `defineSeed({ version: 1, tables: { tag: { key: ['name'], mode: 'mine', rows: [] } } })`,
]

test('the types of defineSeed', async () => {
  expect(EXAMPLES.length).toBeGreaterThan(0)
  const folder = mkdtempSync(path.join(REPOSITORY, 'packages/slipway/test/.types-'))
  try {
    const files = {
      ...Object.fromEntries(EXAMPLES.map((code, at) => [`guide-${at}.ts`, code])),
      'right.ts': RIGHT,
      ...Object.fromEntries(
        WRONG.map((code, at) => [
          `wrong-${at}.ts`,
          `import { defineSeed } from 'slipway'\n// @ts-expect-error: it is wrong.\n${code}\n`,
        ]),
      ),
      'tsconfig.json': JSON.stringify({
        extends: '../../../../tsconfig.json',
        compilerOptions: { erasableSyntaxOnly: false },
        include: ['*.ts'],
        exclude: [],
      }),
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
    const compiler = path.join(REPOSITORY, 'node_modules/.bin/tsc')
    const { stdout } = await promisify(execFile)(compiler, ['-p', folder]).catch(
      (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? 'tsc did not run' }),
    )
    expect(stdout).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 900_000)
