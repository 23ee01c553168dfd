import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { postgresBin } from './postgres.ts'
import { type RoundTrip, roundTrip } from './round-trip.ts'

// Guarantee 2 on a protected target, judged by pg_dump and the rows: a rollback restores everything, or the
// deploy was refused until it had consent by name and no output called it lossless.

interface Case extends RoundTrip {
  readonly name: string
  /** Why it cannot be restored. */
  readonly impossible?: string
}

const SHARED = fileURLToPath(new URL('../../../../shared/cases/', import.meta.url))
const OWN = fileURLToPath(new URL('./cases/', import.meta.url))

/** Folders of three files each, shared by several tools. */
function sharedCases(): Case[] {
  if (!existsSync(SHARED)) return []
  const read = (name: string, file: string) => readFileSync(join(SHARED, name, file), 'utf8')
  return readdirSync(SHARED, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      name: `shared/${name}`,
      m1: read(name, 'm1.sql'),
      data: read(name, 'data.sql'),
      m2: read(name, 'm2.sql'),
    }))
}

/**
 * One file for each class of cases. Each case begins with the line `-- case <name>` or
 * `-- case <name>: impossible, <reason>`; its parts follow, each after the line `-- m1`, `-- data` or `-- m2`.
 */
function ownCases(): Case[] {
  return readdirSync(OWN).flatMap((file) => {
    const [, ...cases] = readFileSync(join(OWN, file), 'utf8').split(/^-- case /m)
    return cases.map((text) => {
      const [title = '', m1 = '', data = '', m2 = ''] = text.split(/^-- (?:m1|data|m2)$/m)
      const [name = '', impossible] = title.trim().split(': impossible, ')
      const found = { name: `${file.replace('.sql', '')}/${name}`, m1, data, m2 }
      return impossible === undefined ? found : { ...found, impossible }
    })
  })
}

test.skipIf(postgresBin() === undefined).each([...sharedCases(), ...ownCases()])(
  '$name',
  async ({ impossible, ...one }) => {
    const outcome = await roundTrip(one)
    const { output } = outcome
    if (impossible === undefined) {
      expect(outcome.differences, output).toEqual([])
      expect(outcome.rollbackExit, output).toBe(0)
    } else {
      expect(outcome.differences, 'it is restored').not.toEqual([])
      expect(outcome.askedFirst, output).toBe(true)
      expect(outcome.calledLossless, output).toBe(false)
    }
  },
)
