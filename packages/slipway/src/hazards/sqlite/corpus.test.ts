import { DatabaseSync } from 'node:sqlite'
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

/** Counts the hazards by id. Each migration is judged as the only pending one. */
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
      'rebuild-loses-column': 12,
      'sqlite-drop-column': 5,
      'sqlite-drop-table': 1,
      'sqlite-no-where': 1,
    })
  })

  test('on D1: what wrangler would lose, and what D1 refuses', () => {
    expect(counted({ d1: 'remote' })).toMatchObject({
      'd1-temporary': 2,
      'rebuild-cascades': 16,
    })
  })

  test('wrangler loses exactly what the rules report', () => {
    let losing = 0
    for (const [at, migration] of migrations.entries()) {
      const history = migrations.slice(0, at)
      const database = databaseOf(history)
      const before = valuesIn(database)
      database.exec('PRAGMA foreign_keys = ON; BEGIN')
      for (const { text, role } of migration.statements) {
        if (role.kind === 'ordinary') database.exec(text)
      }
      database.exec('COMMIT')
      const after = valuesIn(database)
      const isLost = Object.keys(before).some(
        (name) => (after[name] ?? Infinity) < (before[name] ?? 0),
      )
      const found = judge({ history, migrations: [migration], facts: { ...facts, d1: 'remote' } })
      expect(
        found.some(({ id }) => id === 'rebuild-cascades'),
        migration.name,
      ).toBe(isLost)
      losing += isLost ? 1 : 0
    }
    expect(losing).toBe(16)
  })

  test('keys count as enforced exactly if a deploy enforces them', () => {
    for (const migration of migrations) {
      const { enforcesKeys } = runOf(NO_DEFINITIONS, migration)
      expect(enforcesKeys, migration.name).toBe(atomicScriptOf(migration).foreignKeys)
    }
  })
})

/** A database with three rows in each table, whose foreign keys all point at rows. */
function databaseOf(history: readonly { readonly sql: string }[]): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec('PRAGMA foreign_keys = OFF')
  for (const { sql } of history) database.exec(`${sql}; PRAGMA foreign_keys = OFF`)
  // The triggers refuse rows that reference themselves.
  const triggers = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).all()
  for (const { name } of triggers) database.exec(`DROP TRIGGER "${String(name)}"`)
  for (const table of tablesOf(database)) {
    const keys = database
      .prepare('SELECT "from", "table" FROM pragma_foreign_key_list(?)')
      .all(table)
    const targets = new Map(keys.map((key) => [key['from'], String(key['table'])]))
    const columns = database.prepare('SELECT name, type FROM pragma_table_info(?)').all(table)
    const names = columns.map(({ name }) => `"${String(name)}"`).join(', ')
    for (const row of [1, 2, 3]) {
      const values = columns.map(({ name, type }) => {
        const target = targets.get(name ?? '') ?? (name === 'id' ? table : undefined)
        if (target !== undefined) return `'${target}-${row}'`
        return /INT|BOOL|DATE|NUM/i.test(String(type)) ? row : `'v${row}'`
      })
      database.exec(`INSERT INTO "${table}" (${names}) VALUES (${values.join(', ')})`)
    }
  }
  return database
}

function tablesOf(database: DatabaseSync): string[] {
  return database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'`)
    .all()
    .map(({ name }) => String(name))
}

/** Counts the rows of each table, and the non-NULL values of each foreign key column. */
function valuesIn(database: DatabaseSync): Record<string, number> {
  return Object.fromEntries(
    tablesOf(database).flatMap((table) => {
      const keys = database.prepare('SELECT "from" FROM pragma_foreign_key_list(?)').all(table)
      return ['*', ...keys.map((key) => `"${String(key['from'])}"`)].map((column) => {
        const row = database.prepare(`SELECT count(${column}) AS n FROM "${table}"`).get()
        return [`${table} ${column}`, Number(row?.['n'])]
      })
    }),
  )
}
