import fc from 'fast-check'
import type pg from 'pg'

/** The names that random statements use. */
interface ObjectNames {
  readonly tables: readonly string[]
  readonly columns: readonly string[]
}

const OBJECT_NAMES: ObjectNames = {
  tables: ['alpha', 'Be ta', 'g"m'],
  columns: ['a', 'b', 'C c', 'id'],
}
const type = fc.constantFrom(
  'integer',
  'bigint',
  'text',
  'varchar(40)',
  'numeric(8,2)',
  'boolean',
  '"Mood"',
  'text[]',
)
const label = fc.constantFrom('x1', 'x2', 'X 3')
const value = fc.constantFrom("'1'", 'NULL', "'ok'", "'{}'")

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

interface Words {
  readonly t: string
  readonly u: string
  readonly c: string
  readonly d: string
  readonly type: string
  readonly label: string
  readonly value: string
  /** Name of an index, a constraint, a policy, a trigger. */
  readonly own: string
}

/** Schema changes. Each may fail if its words do not fit the existing schema. */
const TEMPLATES: readonly ((words: Words) => string)[] = [
  ({ t }) => `CREATE TABLE ${t} ("id" serial PRIMARY KEY, "a" integer, "b" text DEFAULT 'b''s')`,
  ({ t }) => `DROP TABLE ${t} CASCADE`,
  ({ t, u }) => `ALTER TABLE ${t} RENAME TO ${u}`,
  ({ t, c, type: is }) => `ALTER TABLE ${t} ADD COLUMN ${c} ${is}`,
  ({ t, c, type: is, value: given }) =>
    `ALTER TABLE ${t} ADD COLUMN ${c} ${is} NOT NULL DEFAULT ${given}`,
  ({ t, c }) => `ALTER TABLE ${t} ADD COLUMN ${c} integer GENERATED ALWAYS AS (id * 2) STORED`,
  ({ t, c }) => `ALTER TABLE ${t} DROP COLUMN ${c} CASCADE`,
  // As Prisma writes most changes of a column's type.
  ({ t, c, type: is }) => `ALTER TABLE ${t} DROP COLUMN ${c} CASCADE, ADD COLUMN ${c} ${is}`,
  ({ t, c, type: is, value: given }) =>
    `ALTER TABLE ${t} DROP COLUMN ${c} CASCADE, ADD COLUMN ${c} ${is} NOT NULL DEFAULT ${given}`,
  ({ t, c, type: is }) =>
    `ALTER TABLE ${t} DROP COLUMN ${c} CASCADE, ADD COLUMN ${c} ${is} NOT NULL`,
  ({ t, c, d }) => `ALTER TABLE ${t} RENAME COLUMN ${c} TO ${d}`,
  ({ t, c, type: is }) =>
    `ALTER TABLE ${t} ALTER COLUMN ${c} DROP DEFAULT, ALTER COLUMN ${c} TYPE ${is} USING ${c}::text::${is}`,
  ({ t, c, value: given }) => `ALTER TABLE ${t} ALTER COLUMN ${c} SET DEFAULT ${given}`,
  ({ t, c }) => `ALTER TABLE ${t} ALTER COLUMN ${c} DROP DEFAULT`,
  ({ t, c }) => `ALTER TABLE ${t} ALTER COLUMN ${c} SET NOT NULL`,
  ({ t, c }) => `ALTER TABLE ${t} ALTER COLUMN ${c} DROP NOT NULL`,
  ({ t, c, d, own }) => `CREATE INDEX ${own} ON ${t} (${c} DESC, ${d})`,
  ({ t, c, own }) => `CREATE INDEX ${own} ON ${t} (lower(${c}::text)) WHERE ${c} IS NOT NULL`,
  ({ t, c, own }) => `CREATE INDEX ${own} ON ${t} USING hash (${c})`,
  ({ t, c, d, own }) => `CREATE UNIQUE INDEX ${own} ON ${t} (${c}) INCLUDE (${d})`,
  ({ own }) => `DROP INDEX ${own}`,
  // PostgreSQL omits a UNIQUE constraint on the columns of the primary key if both are in one CREATE TABLE.
  ({ t, c, own }) => `ALTER TABLE ${t} ADD CONSTRAINT ${own} UNIQUE (${c === '"id"' ? '"a"' : c})`,
  ({ t, c, own }) => `ALTER TABLE ${t} ADD CONSTRAINT ${own} CHECK (length(${c}::text) < 99)`,
  ({ t, c, own }) =>
    `ALTER TABLE ${t} ADD CONSTRAINT ${own} CHECK (${c} IS NOT NULL OR id > 0) NOT VALID`,
  ({ t, u, c, own }) =>
    `ALTER TABLE ${t} ADD CONSTRAINT ${own} FOREIGN KEY (${c}) REFERENCES ${u} (id) ON DELETE SET NULL ON UPDATE CASCADE`,
  ({ t, own }) => `ALTER TABLE ${t} DROP CONSTRAINT ${own} CASCADE`,
  ({ label: is }) => `ALTER TYPE "Mood" ADD VALUE '${is}'`,
  ({ label: is }) => `ALTER TYPE "Mood" ADD VALUE '${is}' BEFORE 'ok'`,
  ({ label: is }) => `ALTER TYPE "Mood" RENAME VALUE 'sad' TO '${is}'`,
  ({ t, c, d }) =>
    `CREATE VIEW seen AS SELECT ${c}, count(*) AS n FROM ${t} WHERE ${d} IS NOT NULL GROUP BY ${c}`,
  ({ t, c }) => `CREATE MATERIALIZED VIEW kept AS SELECT ${c}, id FROM ${t}`,
  () => 'CREATE UNIQUE INDEX kept_id ON kept (id)',
  () => 'DROP VIEW seen CASCADE',
  () => 'DROP MATERIALIZED VIEW kept',
  ({ t, c, own }) =>
    `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.${c} := NEW.${c}; RETURN NEW; END $$;
CREATE TRIGGER ${own} BEFORE UPDATE OF ${c} ON ${t} FOR EACH ROW WHEN (OLD.${c} IS DISTINCT FROM NEW.${c}) EXECUTE FUNCTION touch()`,
  ({ t, own }) => `DROP TRIGGER ${own} ON ${t}`,
  () => 'DROP FUNCTION touch() CASCADE',
  ({ t, c }) => `COMMENT ON COLUMN ${t}.${c} IS 'it''s ${c.replaceAll('"', '')}'`,
  ({ t }) => `COMMENT ON TABLE ${t} IS NULL`,
  ({ t }) => `COMMENT ON TABLE ${t} IS 'a table'`,
  ({ t }) => `ALTER TABLE ${t} ENABLE ROW LEVEL SECURITY`,
  ({ t }) => `ALTER TABLE ${t} FORCE ROW LEVEL SECURITY`,
  ({ t }) => `ALTER TABLE ${t} DISABLE ROW LEVEL SECURITY`,
  ({ t, c, own }) => `CREATE POLICY ${own} ON ${t} FOR SELECT USING (${c} IS NOT NULL)`,
  ({ t, own }) => `DROP POLICY ${own} ON ${t}`,
  ({ label: is }) => `CREATE DOMAIN "Short" AS text CHECK (VALUE <> '${is}')`,
  ({ t, c }) => `ALTER TABLE ${t} ADD COLUMN ${c} "Short"`,
  () => 'CREATE SEQUENCE counter START 5 INCREMENT 2',
  ({ t, c }) => `ALTER TABLE ${t} ALTER COLUMN ${c} SET DEFAULT nextval('counter')`,
]

/** Changes of rows in a migration. */
const ROW_TEMPLATES: readonly ((words: Words) => string)[] = [
  ({ t, c, value: given }) => `UPDATE ${t} SET ${c} = ${given}`,
  ({ t, c, d }) => `UPDATE ${t} SET ${c} = ${d} WHERE ${c} IS NULL`,
  ({ t, c, type: is }) =>
    `ALTER TABLE ${t} ADD COLUMN "made" ${is}; UPDATE ${t} SET "made" = ${c}::text::${is};
ALTER TABLE ${t} DROP COLUMN ${c} CASCADE; ALTER TABLE ${t} RENAME COLUMN "made" TO ${c}`,
  ({ t, c }) => `DELETE FROM ${t} WHERE ${c} IS NULL`,
  ({ t }) => `DELETE FROM ${t}`,
  ({ t }) => `TRUNCATE ${t} CASCADE`,
  ({ t, label: is }) => `INSERT INTO ${t} ("id", "b") VALUES (4711, '${is}')`,
  ({ t, c }) => `INSERT INTO ${t} (${c}) SELECT ${c} FROM ${t}`,
]

function wordsOf({ tables, columns }: ObjectNames): fc.Arbitrary<Words> {
  const name = fc.constantFrom(...tables)
  const column = fc.constantFrom(...columns)
  return fc.record({
    t: name.map(quoted),
    u: name.map(quoted),
    c: column.map(quoted),
    d: column.map(quoted),
    type,
    label,
    value,
    own: fc.constantFrom('own_one', 'own_two', 'Own 3').map(quoted),
  })
}

function filled(
  templates: readonly ((words: Words) => string)[],
  ground: ObjectNames,
): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...templates), wordsOf(ground))
    .map(([template, given]) => template(given))
}

/** A statement that may fail when it is run. */
export const ddl: fc.Arbitrary<string> = filled(TEMPLATES, OBJECT_NAMES)

/** The same, with statements that write and delete rows among them. */
export function changesOn(ground: ObjectNames = OBJECT_NAMES): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: filled(TEMPLATES, ground) },
    { weight: 1, arbitrary: filled(ROW_TEMPLATES, ground) },
  )
}

/** The initial schema of every history. */
export const BEGINNING = `CREATE TYPE "Mood" AS ENUM ('sad', 'ok');
CREATE TABLE "alpha" ("id" serial PRIMARY KEY, "a" integer, "b" text, "mood" "Mood" NOT NULL DEFAULT 'ok');
CREATE TABLE "Be ta" ("id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, "a" integer REFERENCES "alpha" ("id"), "C c" text);
`

/** Runs statements in the open transaction. Returns those that PostgreSQL accepts, each with its semicolon. */
export async function acceptedStatements(
  client: pg.Client,
  proposed: readonly string[],
): Promise<string[]> {
  const taken: string[] = []
  for (const statement of proposed) {
    await client.query('SAVEPOINT trial')
    const ran = await client.query(statement).then(
      () => true,
      () => false,
    )
    await client.query(ran ? 'RELEASE trial' : 'ROLLBACK TO trial')
    if (ran) taken.push(`${statement};\n`)
  }
  return taken
}
