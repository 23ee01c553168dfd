import { expect, test } from 'vitest'
import { corpusMigrations, hasCorpus } from '../../test/corpus.ts'
import { SHADOW } from '../../test/target.ts'
import { judge } from '../hazards/index.ts'
import { loadParser, parseStatements } from '../statements/index.ts'
import { fixMigrations } from './index.ts'

// Histories of real projects: every rewritten form produces the same schema, and a second run rewrites
// nothing.

const FULL = process.env['FULL'] === '1'
const PROJECTS: [string, number | undefined][] = FULL
  ? [
      ['umami', undefined],
      ['hoppscotch', undefined],
      ['langfuse', undefined],
      ['trigger', undefined],
    ]
  : [
      ['umami', undefined],
      ['langfuse', 60],
    ]

const facts = { serverVersion: 150_000, defaultSchema: 'public' }
const emit = () => {}

test.skipIf(!hasCorpus).each(PROJECTS)(
  '%s: the rewritten migrations produce the same schema, and have fewer hazards',
  async (project, last) => {
    const migrations = corpusMigrations(project)
    const names = migrations.slice(last === undefined ? 0 : -last).map(({ name }) => name)
    const fixed = await fixMigrations({ migrations, names, shadow: SHADOW, facts, emit })
    expect(fixed.flatMap(({ refusal }) => refusal ?? [])).toEqual([])
    expect(fixed.some(({ edits }) => edits.length > 0)).toBe(true)

    await loadParser()
    const texts = new Map(fixed.map(({ name, sql }) => [name, sql]))
    const rewritten = migrations.map((one) => ({ ...one, sql: texts.get(one.name) ?? one.sql }))
    const again = await fixMigrations({
      migrations: rewritten,
      names,
      shadow: SHADOW,
      facts,
      emit,
    })
    expect(again.filter(({ edits }) => edits.length > 0).map(({ sql }) => sql)).toEqual([])
    expect(hazardCount(rewritten)).toBeLessThan(hazardCount(migrations))
  },
  FULL ? 3_600_000 : 300_000,
)

function hazardCount(migrations: ReturnType<typeof corpusMigrations>): number {
  const parsed = migrations.map((one) => ({ ...one, statements: parseStatements(one.sql) }))
  return judge({ history: [], migrations: parsed, facts }).length
}
