import { DatabaseSync } from 'node:sqlite'

// Random SQLite schemas and changes, as written by hand or for Prisma. The same seed gives the same result.

/** Random choices. */
export interface Random {
  /** An integer from 0 to `end` - 1. */
  below(end: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

/** Dice that make the same choices for the same seed. */
export function createRandom(seed: number): Random {
  let state = (seed * 2_654_435_761) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    chance: (probability) => next() < probability,
    pick<T>(from: readonly T[]): T {
      const found = from[below(from.length)]
      if (found === undefined) throw new TypeError('Nothing to pick from')
      return found
    },
  }
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const ACTIONS = ['CASCADE', 'SET NULL', 'CASCADE', 'RESTRICT', 'NO ACTION']

/** A random schema: composite keys, foreign keys of all kinds, generated columns, checks, triggers, views. */
export function randomSchema(dice: Random): string {
  const statements: string[] = []
  const made: { readonly name: string; readonly key: readonly string[] }[] = []
  const names = ['user', 'Order', 'line item', 'tag', 'A"b'].slice(0, 3 + dice.below(3))
  for (const name of names) {
    const composite = dice.chance(0.25)
    const key = composite ? ['org', 'nr'] : ['id']
    const own = composite
      ? ['org INTEGER NOT NULL', 'nr TEXT NOT NULL']
      : [
          dice.pick([
            'id INTEGER PRIMARY KEY',
            'id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT',
            'id TEXT NOT NULL PRIMARY KEY',
          ]),
        ]
    const plain = Array.from({ length: 2 + dice.below(4) }, (_, at) => plainColumn(dice, `c${at}`))
    const keys: string[] = []
    for (const [at, parent] of made.entries()) {
      if (!dice.chance(0.5)) continue
      const columns = parent.key.map((part) => `p${at}_${part}`)
      const required = dice.chance(0.4) ? ' NOT NULL' : ''
      const action = dice.pick(ACTIONS)
      plain.push(
        ...columns.map((column) => `${quoted(column)} ANY${action === 'SET NULL' ? '' : required}`),
      )
      keys.push(
        `FOREIGN KEY (${columns.map(quoted).join(', ')}) REFERENCES ${quoted(parent.name)} (${parent.key.join(', ')}) ON DELETE ${action}`,
      )
    }
    if (!composite && dice.chance(0.4))
      plain.push(
        `boss REFERENCES ${quoted(name)} (id) ON DELETE ${dice.pick(['CASCADE', 'SET NULL'])}`,
      )
    if (dice.chance(0.3)) plain.push(`sum AS (length(c0) + 1) ${dice.pick(['STORED', 'VIRTUAL'])}`)
    const parts = [...own, ...plain, ...(composite ? ['PRIMARY KEY (org, nr)'] : []), ...keys]
    const without = composite && dice.chance(0.5) ? ' WITHOUT ROWID' : ''
    statements.push(`CREATE TABLE ${quoted(name)} (${parts.join(', ')})${without}`)
    if (dice.chance(0.5))
      statements.push(`CREATE INDEX ${quoted(`${name}_c0`)} ON ${quoted(name)} (c0, c1 DESC)`)
    if (dice.chance(0.3))
      statements.push(
        `CREATE UNIQUE INDEX ${quoted(`${name}_u`)} ON ${quoted(name)} (c0) WHERE c1 = 'never'`,
      )
    made.push({ name, key })
  }
  statements.push('CREATE TABLE log (what TEXT, at)')
  for (const { name } of made) {
    if (dice.chance(0.4)) statements.push(triggerSql(dice, name))
    if (dice.chance(0.2))
      statements.push(
        `CREATE VIEW ${quoted(`v ${name}`)} AS SELECT c0, c1 FROM ${quoted(name)} WHERE c0 IS NOT NULL`,
      )
  }
  return statements.map((sql) => `${sql};\n`).join('')
}

function plainColumn(dice: Random, name: string): string {
  return `${name} ${dice.pick([
    'TEXT',
    'TEXT NOT NULL',
    "TEXT NOT NULL DEFAULT 'x'",
    'INTEGER',
    'INTEGER NOT NULL DEFAULT 0',
    'REAL',
    'NUMERIC',
    'BLOB',
    'DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP',
    'JSONB',
    'BOOLEAN NOT NULL DEFAULT false',
    'TEXT COLLATE NOCASE',
    `TEXT NOT NULL DEFAULT 'new' CHECK (${name} IN ('new', 'old'))`,
    `INTEGER CHECK (${name} > 10)`,
  ])}`
}

function triggerSql(dice: Random, name: string): string {
  const event = dice.pick(['INSERT', 'UPDATE', 'DELETE'])
  const row = event === 'DELETE' ? 'OLD' : 'NEW'
  return `CREATE TRIGGER ${quoted(`${name} ${event}`)} AFTER ${event} ON ${quoted(name)} BEGIN INSERT INTO log VALUES ('${event}', ${row}.c0); END`
}

/** Statements that change a schema. Each runs on the database that the earlier ones leave. */
export function randomChange(dice: Random, schema: string): string {
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true })
  try {
    database.exec(schema)
    const changes: string[] = []
    const wanted = 1 + dice.below(3)
    for (let tries = 0; changes.length < wanted && tries < 40; tries++) {
      const sql = dice.pick(CHANGES)(dice, database)
      database.exec('PRAGMA foreign_keys = ON; BEGIN')
      try {
        database.exec(sql.replaceAll(/PRAGMA foreign_keys=\w+;/g, ''))
        database.exec('COMMIT')
        changes.push(sql)
      } catch {
        database.exec('ROLLBACK')
      }
    }
    return changes.map((sql) => (sql.trimEnd().endsWith(';') ? `${sql}\n` : `${sql};\n`)).join('')
  } finally {
    database.close()
  }
}

interface ColumnFacts {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly dflt_value: string | null
  readonly pk: number
  readonly hidden: number
}

function all<T>(database: DatabaseSync, sql: string): T[] {
  return database.prepare(sql).all() as T[]
}

function tableIn(dice: Random, database: DatabaseSync): string {
  const tables = all<{ name: string }>(
    database,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
  )
  return dice.pick(tables).name
}

function columnsOf(database: DatabaseSync, table: string): ColumnFacts[] {
  return all<ColumnFacts>(
    database,
    `SELECT * FROM pragma_table_xinfo('${table.replaceAll("'", "''")}')`,
  )
}

function columnIn(dice: Random, database: DatabaseSync, table: string): string {
  return dice.pick(columnsOf(database, table)).name
}

type Change = (dice: Random, database: DatabaseSync) => string

/** A changed definition of a table: without some columns, and others with another name, type or constraint. */
function redefined(dice: Random, database: DatabaseSync, table: string) {
  const columns = columnsOf(database, table).filter(({ hidden }) => hidden === 0)
  const kept = columns.filter(({ pk }) => pk > 0 || !dice.chance(0.15))
  const pairs = kept.map((column) => ({
    ...column,
    fresh: column.pk === 0 && dice.chance(0.1) ? `${column.name}_new` : column.name,
    type:
      column.pk === 0 && dice.chance(0.15)
        ? dice.pick(['TEXT', 'INTEGER', 'REAL', 'BLOB', 'NUMERIC'])
        : column.type,
    required: column.notnull === 1 || (column.pk === 0 && dice.chance(0.1)),
  }))
  const shuffled = dice.chance(0.3) ? pairs.toReversed() : pairs
  const keys = all<{ id: number; table: string; from: string; to: string; on_delete: string }>(
    database,
    `SELECT * FROM pragma_foreign_key_list('${table.replaceAll("'", "''")}') ORDER BY id, seq`,
  )
  const foreign = [...Map.groupBy(keys, ({ id }) => id).values()].flatMap((parts) => {
    const names = parts.map((part) => pairs.find(({ name }) => name === part.from)?.fresh)
    const [first] = parts
    if (first === undefined || names.includes(undefined)) return []
    return `FOREIGN KEY (${names.map((name) => quoted(name ?? '')).join(', ')}) REFERENCES ${quoted(first.table)} (${parts.map(({ to }) => quoted(to)).join(', ')}) ON DELETE ${first.on_delete}`
  })
  const primary = pairs.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk)
  const [only] = primary.length === 1 ? primary : []
  const body = [
    ...shuffled.map(
      (one) =>
        `${quoted(one.fresh)} ${one.type}${one.required ? ' NOT NULL' : ''}${one.dflt_value === null ? '' : ` DEFAULT (${one.dflt_value})`}${one === only ? ' PRIMARY KEY' : ''}`,
    ),
    ...(dice.chance(0.3) ? ["added TEXT NOT NULL DEFAULT 'later'"] : []),
    ...(primary.length > 1
      ? [`PRIMARY KEY (${primary.map(({ fresh }) => quoted(fresh)).join(', ')})`]
      : []),
    ...foreign,
  ].join(', ')
  const into = pairs.map(({ fresh }) => quoted(fresh)).join(', ')
  const from = pairs
    .map((one) =>
      one.required && one.notnull === 0
        ? `coalesce(${quoted(one.name)}, '0') AS ${quoted(one.fresh)}`
        : quoted(one.name),
    )
    .join(', ')
  return { body, into, from }
}

/** Schema changes. Changes that do not fit the schema are skipped. */
const CHANGES: readonly Change[] = [
  (dice, database) =>
    `ALTER TABLE ${quoted(tableIn(dice, database))} ADD COLUMN n${dice.below(9)} ${dice.pick(['TEXT', "TEXT NOT NULL DEFAULT ''", 'INTEGER DEFAULT 5', 'REFERENCES log (rowid)', 'AS (1) VIRTUAL'])}`,
  (dice, database) => {
    const table = tableIn(dice, database)
    return `ALTER TABLE ${quoted(table)} DROP COLUMN ${quoted(columnIn(dice, database, table))}`
  },
  (dice, database) => {
    const table = tableIn(dice, database)
    return `ALTER TABLE ${quoted(table)} RENAME COLUMN ${quoted(columnIn(dice, database, table))} TO r${dice.below(9)}`
  },
  (dice, database) =>
    `ALTER TABLE ${quoted(tableIn(dice, database))} RENAME TO "t ${dice.below(9)}"`,
  (dice, database) => {
    const table = tableIn(dice, database)
    return `CREATE ${dice.pick(['', 'UNIQUE '])}INDEX i${dice.below(99)} ON ${quoted(table)} (${quoted(columnIn(dice, database, table))})${dice.pick(['', ' WHERE 0'])}`
  },
  (dice, database) =>
    `DROP INDEX ${quoted(dice.pick(all<{ name: string }>(database, "SELECT coalesce(max(name), 'none') AS name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")).name)}`,
  (dice, database) => triggerSql(dice, tableIn(dice, database)),
  (_, database) =>
    all<{ name: string }>(database, "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
      .map(({ name }) => `DROP TRIGGER ${quoted(name)};`)
      .join('\n'),
  (_, database) =>
    all<{ name: string }>(database, "SELECT name FROM sqlite_schema WHERE type = 'view'")
      .map(({ name }) => `DROP VIEW ${quoted(name)};`)
      .join('\n'),
  (dice, database) =>
    `CREATE VIEW w${dice.below(99)} AS SELECT * FROM ${quoted(tableIn(dice, database))}`,
  (dice, database) =>
    `PRAGMA foreign_keys=OFF;\nDROP TABLE ${quoted(tableIn(dice, database))};\nPRAGMA foreign_keys=ON;`,
  // Rebuilds of a table as Prisma writes them, with and without its PRAGMA.
  ...[true, true, true, false].map((off): Change => (dice, database) => {
    const table = tableIn(dice, database)
    const { body, into, from } = redefined(dice, database, table)
    const next = quoted(`new_${table}`)
    const rebuild = `CREATE TABLE ${next} (${body});
INSERT INTO ${next} (${into}) SELECT ${from} FROM ${quoted(table)};
DROP TABLE ${quoted(table)};
ALTER TABLE ${next} RENAME TO ${quoted(table)};`
    return off ? `PRAGMA foreign_keys=OFF;\n${rebuild}\nPRAGMA foreign_keys=ON;` : rebuild
  }),
  // A rebuild that renames the old table first.
  (dice, database) => {
    const table = tableIn(dice, database)
    const { body, into, from } = redefined(dice, database, table)
    const old = quoted(`${table} old`)
    return `PRAGMA foreign_keys=OFF;
PRAGMA legacy_alter_table=ON;
ALTER TABLE ${quoted(table)} RENAME TO ${old};
CREATE TABLE ${quoted(table)} (${body});
INSERT INTO ${quoted(table)} (${into}) SELECT ${from} FROM ${old};
DROP TABLE ${old};
PRAGMA legacy_alter_table=OFF;
PRAGMA foreign_keys=ON;`
  },
  (dice, database) => {
    const table = quoted(tableIn(dice, database))
    return `PRAGMA foreign_keys=OFF;\nCREATE TABLE copied AS SELECT * FROM ${table};\nDROP TABLE ${table};\nALTER TABLE copied RENAME TO ${table};\nPRAGMA foreign_keys=ON;`
  },
  (dice, database) => {
    const [one, other] = [tableIn(dice, database), tableIn(dice, database)]
    return `ALTER TABLE ${quoted(one)} RENAME TO aside;\nALTER TABLE ${quoted(other)} RENAME TO ${quoted(one)};\nALTER TABLE aside RENAME TO ${quoted(other)};`
  },
  (dice, database) => {
    const table = tableIn(dice, database)
    const [one, other] = [columnIn(dice, database, table), columnIn(dice, database, table)].map(
      quoted,
    )
    const rename = `ALTER TABLE ${quoted(table)} RENAME COLUMN`
    return `${rename} ${one} TO aside;\n${rename} ${other} TO ${one};\n${rename} aside TO ${other};`
  },
  (dice, database) => {
    const table = tableIn(dice, database)
    const column = quoted(columnIn(dice, database, table))
    return `ALTER TABLE ${quoted(table)} DROP COLUMN ${column};\nALTER TABLE ${quoted(table)} ADD COLUMN ${column} TEXT;`
  },
  (dice, database) => {
    const table = tableIn(dice, database)
    const [found] = all<{ sql: string }>(
      database,
      `SELECT sql FROM sqlite_schema WHERE name = '${table.replaceAll("'", "''")}'`,
    )
    return `PRAGMA foreign_keys=OFF;\nDROP TABLE ${quoted(table)};\n${found?.sql};\nPRAGMA foreign_keys=ON;`
  },
  (dice, database) =>
    `DELETE FROM ${quoted(tableIn(dice, database))}${dice.pick(['', ' WHERE c0 IS NULL', " WHERE c0 = 'b1'"])}`,
  (dice, database) => {
    const table = tableIn(dice, database)
    const column = quoted(columnIn(dice, database, table))
    return `UPDATE ${quoted(table)} SET ${column} = ${dice.pick(['NULL', "'changed'", `coalesce(${column}, 'none')`])}`
  },
  (dice, database) =>
    `INSERT INTO log (what, at) SELECT 'moved', c0 FROM ${quoted(tableIn(dice, database))}`,
  () => "INSERT INTO log (what) VALUES ('a'), ('b')",
]

/** A field of a random model. */
interface Field {
  readonly name: string
  readonly text: string
}

interface Model {
  readonly name: string
  readonly id: string
  readonly fields: readonly Field[]
  readonly relations: readonly {
    readonly to: string
    readonly action: string
    readonly required: boolean
  }[]
  readonly blocks: readonly string[]
}

const TYPES = [
  'Int',
  'String',
  'Float',
  'Boolean',
  'DateTime',
  'Json',
  'Bytes',
  'Decimal',
  'BigInt',
]
const DEFAULTS: Readonly<Record<string, string>> = {
  Int: '@default(7)',
  String: '@default("it\'s")',
  Float: '@default(1.5)',
  Boolean: '@default(true)',
  DateTime: '@default(now())',
}

function randomField(dice: Random, name: string): Field {
  const type = dice.pick(TYPES)
  const form = dice.below(4)
  const value = DEFAULTS[type]
  if (form === 0 || value === undefined) return { name, text: `${name} ${type}?` }
  if (form === 1) return { name, text: `${name} ${type}` }
  return { name, text: `${name} ${type} ${value}` }
}

function randomModel(dice: Random, name: string, others: readonly string[]): Model {
  const fields = Array.from({ length: 1 + dice.below(4) }, (_, at) => randomField(dice, `f${at}`))
  const targets = [...others, ...(dice.chance(0.3) ? [name] : [])].filter(() => dice.chance(0.5))
  return {
    name,
    id: dice.pick([
      'id Int @id @default(autoincrement())',
      'id Int @id',
      'id String @id @default(cuid())',
    ]),
    fields,
    relations: targets.map((to) => {
      const required = to !== name && dice.chance(0.5)
      return {
        to,
        required,
        action: dice.pick(required ? ['Cascade', 'Restrict'] : ['Cascade', 'SetNull']),
      }
    }),
    blocks: fields.filter(() => dice.chance(0.3)).map(({ name: field }) => `@@index([${field}])`),
  }
}

function schemaText(models: readonly Model[]): string {
  const known = new Map(models.map((model) => [model.name, model]))
  const blocks = models.map((model) => {
    const own = model.relations.flatMap(({ to, action, required }) => {
      const target = known.get(to)
      if (target === undefined) return []
      const key = `${to.toLowerCase()}Key`
      const type = target.id.split(' ')[1]
      const sign = required ? '' : '?'
      return [
        `${key} ${type}${sign}`,
        `${to.toLowerCase()}Of ${to}${sign} @relation("${model.name}${to}", fields: [${key}], references: [id], onDelete: ${action})`,
      ]
    })
    const back = models.flatMap((other) =>
      other.relations
        .filter(({ to }) => to === model.name)
        .map(
          () =>
            `${other.name.toLowerCase()}List ${other.name}[] @relation("${other.name}${model.name}")`,
        ),
    )
    const lines = [
      model.id,
      ...model.fields.map(({ text }) => text),
      ...own,
      ...back,
      ...model.blocks,
    ]
    return `model ${model.name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
  })
  return `datasource db {\n  provider = "sqlite"\n}\n\n${blocks.join('\n')}`
}

/** Two random Prisma schemas, of which the second is a change of the first. */
export function randomPrismaSchemas(dice: Random): {
  readonly before: string
  readonly after: string
} {
  const names = ['User', 'Post', 'Note', 'Tag'].slice(0, 2 + dice.below(3))
  const models = names.map((name, at) => randomModel(dice, name, names.slice(0, at)))
  const changed = models
    .filter(() => !dice.chance(0.08))
    .map((model) => {
      const fields = model.fields.flatMap((field) => {
        if (dice.chance(0.15)) return []
        return dice.chance(0.25) ? [randomField(dice, field.name)] : [field]
      })
      const added = dice.chance(0.4) ? [randomField(dice, 'extra')] : []
      const left = [...fields, ...added]
      const has = new Set(left.map(({ name }) => name))
      return {
        ...model,
        fields: left,
        relations: model.relations
          .filter(() => !dice.chance(0.1))
          .map((one) => (dice.chance(0.2) ? { ...one, action: 'Cascade' } : one)),
        blocks: model.blocks.filter(
          (block) => [...has].some((name) => block.includes(`[${name}]`)) && !dice.chance(0.2),
        ),
      }
    })
  const more = dice.chance(0.2) ? [randomModel(dice, 'Late', [])] : []
  return { before: schemaText(models), after: schemaText([...changed, ...more]) }
}

/** Triggers on the tables of a Prisma schema, as people add them by hand. */
export function randomTriggers(dice: Random, sql: string): string {
  const tables = [...sql.matchAll(/CREATE TABLE "(\w+)"/g)].map(([, name = '']) => name)
  if (tables.length === 0 || dice.chance(0.5)) return ''
  const table = dice.pick(tables)
  const event = dice.pick(['INSERT', 'UPDATE', 'DELETE'])
  return `CREATE TABLE "audit" (id INTEGER PRIMARY KEY, "of" TEXT);
CREATE TRIGGER "audit_${table}" AFTER ${event} ON "${table}" BEGIN INSERT INTO "audit" ("of") VALUES (${event === 'DELETE' ? 'OLD' : 'NEW'}."id"); END;\n`
}
