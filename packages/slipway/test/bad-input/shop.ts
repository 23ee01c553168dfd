import type { TestMigration } from '../project.ts'

/** A value in a row of the shop. Row content must never reach the output. */
export const ROW_SECRET = 'ann@row-secret.example'

/** The migrations that are applied to the shop's database before a test begins. */
export const APPLIED: readonly TestMigration[] = [
  {
    name: '20260101000000_init',
    sql: `CREATE TABLE "User" ("id" SERIAL PRIMARY KEY, "email" TEXT NOT NULL);
INSERT INTO "User" ("email") VALUES ('${ROW_SECRET}');
`,
  },
  { name: '20260102000000_name', sql: 'ALTER TABLE "User" ADD COLUMN "name" TEXT;\n' },
]

/** A harmless migration, pending before the one that a test is about. */
export const FINE: TestMigration = {
  name: '20260103000000_fine',
  sql: 'CREATE TABLE "Fine" ("id" SERIAL PRIMARY KEY);\n',
}

/** The Prisma models of the applied migrations. */
export const MODELS = `model User {
  id    Int     @id @default(autoincrement())
  email String
  name  String?
}
`
