import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from './cli-in-process.ts'
import { seedProject, type SeedProject } from './seed-project.ts'

// The result of a trigger counts: run, a second run and verify accept it and report it.

const SQL = `CREATE TABLE plan (code text PRIMARY KEY, slug text, price numeric, uses integer NOT NULL DEFAULT 0, next text REFERENCES plan (code));
CREATE TABLE note (day date, plan text REFERENCES plan (code), text text, PRIMARY KEY (day, plan)) PARTITION BY RANGE (day);
CREATE TABLE note_1 PARTITION OF note FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE FUNCTION lowered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.slug := lower(NEW.slug); RETURN NEW; END $$;
CREATE TRIGGER lowered BEFORE INSERT OR UPDATE ON plan FOR EACH ROW EXECUTE FUNCTION lowered();
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE plan SET uses = uses + 1 WHERE code = NEW.plan; RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT ON note_1 FOR EACH ROW EXECUTE FUNCTION noted();
`

let project: SeedProject
beforeEach(async () => {
  project = await seedProject(SQL)
})
afterEach(async () => project.drop())

const plans = async () =>
  await project.target.sql('SELECT xmin::text, p.* FROM plan p ORDER BY code')

function write(rows: readonly object[], mode = 'upsert'): void {
  project.tables({
    plan: { key: ['code'], mode, rows },
    note: { key: ['day', 'plan'], rows: [{ day: '2026-05-05', plan: { code: 'a' }, text: 'x' }] },
  })
}

test.each(['upsert', 'own'])('values that a trigger changes, as %s', async (mode) => {
  const rows = [
    { code: 'a', slug: 'ABC', uses: 0, next: { code: 'b' } },
    { code: 'b', slug: 'def', uses: 0, next: null },
  ]
  write(rows, mode)
  const run = await project.seed('run')
  expect(run, run.stdout).toMatchObject({ exitCode: 0, findings: [{ id: 'seed-altered' }] })
  const stored = await plans()
  expect(stored).toMatchObject([
    { slug: 'abc', uses: 1, next: 'b' },
    { slug: 'def', uses: 0 },
  ])
  const again = await project.seed('run')
  expect(again, again.stdout).toMatchObject({ sets: [{ inserted: 0, updated: 0, deleted: 0 }] })
  expect(await plans()).toEqual(stored)
  const verified = await project.seed('verify')
  expect(verified, verified.stdout).toMatchObject({
    exitCode: 0,
    findings: [
      {
        id: 'seed-altered',
        message: '1 row of plan has values that a trigger changed (seed base).',
      },
    ],
  })
  // Later changes by a person are differences, and so are changes of the set.
  await project.target.sql(`UPDATE plan SET slug = 'other' WHERE code = 'a'`)
  expect(await project.seed('verify')).toMatchObject({ exitCode: 4 })
  expect(await project.seed('run')).toMatchObject({ sets: [{ updated: 1 }] })
  write([{ ...rows[0], slug: 'XYZ' }, rows[1] ?? {}], mode)
  expect(await project.seed('verify')).toMatchObject({ exitCode: 4 })
  expect(await project.seed('run', '--dry-run')).toMatchObject({ sets: [{ updated: 1 }] })
  expect(await project.seed('run')).toMatchObject({ sets: [{ updated: 1 }] })
  expect(await project.seed('verify')).toMatchObject({ exitCode: 0 })
  expect(await plans()).toMatchObject([{ slug: 'xyz' }, { slug: 'def' }])
})

test.each([
  ['skips rows', 'RETURN NULL'],
  ['changes the key', `NEW.code := NEW.code || '!'; RETURN NEW`],
])('a trigger that %s is a failure, and nothing is written', async (_name, body) => {
  await project.target
    .sql(`CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.code = 'b' THEN ${body}; END IF; RETURN NEW; END $$;
    CREATE TRIGGER other BEFORE INSERT ON plan FOR EACH ROW EXECUTE FUNCTION other()`)
  write([{ code: 'a' }, { code: 'b' }])
  const { code, failure, stdout } = await project.seed('run')
  expect(code, stdout).toBe('SEEDS.ROW_INVALID')
  expect(failure?.message).toBe('1 row of plan in base is not in plan after the set was written.')
  expect(await plans()).toEqual([])
})

test('verify of one set reports nothing about others', async () => {
  project.tables({ plan: { key: ['code'], rows: [{ code: 'a' }] } })
  project.write({
    'other/set.json': JSON.stringify({
      version: 1,
      tables: {
        note: { key: ['day', 'plan'], rows: [{ day: '2026-05-05', plan: { code: 'a' } }] },
      },
      dependsOn: ['base'],
    }),
    'third/set.json': JSON.stringify({
      version: 1,
      environments: ['production'],
      tables: { note: { key: ['day', 'plan'], rows: [] } },
    }),
  })
  await project.seed('run')
  await project.target.sql('DELETE FROM note')
  const verified = await project.seed('verify', '--set', 'base')
  expect(verified, verified.stdout).toMatchObject({ exitCode: 0, sets: [{ name: 'base' }] })
  expect(verified.sets).toHaveLength(1)
  expect(verified.stdout).not.toMatch(/other|third/)
  expect((await project.seed('verify')).exitCode).toBe(4)
})

test('a line break in a name breaks no line of the output', async () => {
  const odd = 'a\n✓ done: 5 rows written'
  await project.target.sql(
    `CREATE TABLE "${odd}" (code text PRIMARY KEY, "${odd}" text); CREATE TABLE other (code text PRIMARY KEY REFERENCES "${odd}" (code))`,
  )
  const human = async (...args: readonly string[]) => {
    const argv = ['seed', ...args, '--url', project.target.url]
    const { stdout, stderr } = await runCli(argv, { cwd: project.root })
    return stdout + stderr
  }
  const set = (rows: readonly object[]) =>
    project.write({
      [`${odd}/set.json`]: JSON.stringify({
        version: 1,
        tables: { [odd]: { key: ['code'], mode: 'own', rows } },
      }),
    })
  set([{ code: odd, [odd]: 'x' }])
  const texts = [await human('run', '--dry-run'), await human('run')]
  set([{ code: odd, [odd]: 'y' }])
  texts.push(await human('verify'), await human('run', '--dry-run'), await human('status'))
  await project.target.sql(`INSERT INTO other SELECT code FROM "${odd}"`)
  set([])
  texts.push(await human('run'))
  set([{ [`x${odd}`]: 1 }])
  texts.push(await human('run'))
  for (const text of texts) {
    expect(text).toContain('a')
    expect(text.split('\n').filter((line) => line.startsWith('✓ done'))).toEqual([])
  }
})
