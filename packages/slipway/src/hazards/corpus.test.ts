import { beforeAll, expect, test } from 'vitest'
import { corpusMigrations, hasCorpus } from '../../test/corpus.ts'
import { loadParser, parseStatements } from '../statements/index.ts'
import { judge, type JudgedMigration } from './index.ts'

// Migration histories of real projects, each judged as one long list of pending migrations.

beforeAll(loadParser)

const facts = { serverVersion: 180_000, defaultSchema: 'public' }

function readProject(project: string): JudgedMigration[] {
  return corpusMigrations(project).map(({ name, path, sql }) => {
    return { name, path, sql, statements: parseStatements(sql, path) }
  })
}

test.skipIf(!hasCorpus).each(['umami', 'hoppscotch', 'langfuse', 'trigger'])(
  '%s: every finding has a position, and judging again gives the same findings',
  (project) => {
    const migrations = readProject(project)
    const hazards = judge({ history: [], migrations, facts })
    expect(hazards.length).toBeGreaterThan(0)
    for (const hazard of hazards) {
      const { statements } = migrations.find(({ path }) => path === hazard.file) ?? {}
      expect(statements?.[hazard.statement - 1]?.line).toBe(hazard.line)
      expect(hazard.message).not.toMatch(/undefined|\[object/)
    }
    expect(judge({ history: [], migrations, facts })).toEqual(hazards)
  },
)
