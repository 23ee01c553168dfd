import type { TestMigration } from '../project.ts'

/** In a row of the shop: content of rows never reaches output. */
export const ROW_SECRET = 'ann@row-secret.example'

/** What the shop's database has applied before a test begins. */
export const APPLIED: readonly TestMigration[] = [
  {
    name: '20260101000000_init',
    sql: `CREATE TABLE "User" ("id" SERIAL PRIMARY KEY, "email" TEXT NOT NULL);
INSERT INTO "User" ("email") VALUES ('${ROW_SECRET}');
`,
  },
  { name: '20260102000000_name', sql: 'ALTER TABLE "User" ADD COLUMN "name" TEXT;\n' },
]

/** A migration that does no harm, pending before the one that a test is about. */
export const FINE: TestMigration = {
  name: '20260103000000_fine',
  sql: 'CREATE TABLE "Fine" ("id" SERIAL PRIMARY KEY);\n',
}

/** The schema of what is applied. */
export const MODELS = `model User {
  id    Int     @id @default(autoincrement())
  email String
  name  String?
}
`
