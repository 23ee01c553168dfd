import { describe, expect, test } from 'vitest'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import { atomicScriptOf } from '../../execution/index.ts'
import { NO_DEFINITIONS } from '../../schema/index.ts'
import { parserFor } from '../../statements/index.ts'
import { type Facts, judge } from '../index.ts'
import { runOf } from './migration-run.ts'

const parser = await parserFor('sqlite')
const migrations = sqliteCorpus.map(({ name, sql }) => {
  return { name, path: `${name}/migration.sql`, sql, statements: parser.parse(sql) }
})
const facts: Facts = { serverVersion: 3_053_000, defaultSchema: 'main', dialect: 'sqlite' }

/** How many hazards of each id there are, each migration judged as the only pending one. */
function counted(target: Partial<Facts>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [at, migration] of migrations.entries()) {
    const history = migrations.slice(0, at)
    const hazards = judge({ history, migrations: [migration], facts: { ...facts, ...target } })
    for (const { id, line, statement, message } of hazards) {
      counts[id] = (counts[id] ?? 0) + 1
      expect(migration.statements[statement - 1]?.line).toBe(line)
      expect(message).not.toMatch(/undefined|\[object/)
    }
  }
  return counts
}

describe.skipIf(migrations.length === 0)('the corpus', () => {
  test('on a file', () => {
    expect(counted({})).toEqual({
      'rebuild-avoidable': 23,
      'rebuild-changes-type': 2,
      'rebuild-loses-column': 11,
      'sqlite-drop-column': 5,
      'sqlite-drop-table': 1,
      'sqlite-no-where': 1,
    })
  })

  test('on D1: what wrangler would lose, and what D1 refuses', () => {
    expect(counted({ d1: 'remote' })).toMatchObject({
      'd1-temporary': 2,
      'rebuild-cascades': 16,
      'rebuild-keys-enforced': 1,
    })
  })

  test('keys are enforced where a deploy enforces them', () => {
    for (const migration of migrations) {
      const { enforcesKeys } = runOf(NO_DEFINITIONS, migration)
      expect(enforcesKeys, migration.name).toBe(atomicScriptOf(migration).foreignKeys)
    }
  })
})
