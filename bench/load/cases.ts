/** A migration as Prisma writes it, for a table with rows. */
export interface Case {
  readonly id: 'not-null' | 'foreign-key' | 'index' | 'unique'
  readonly title: string
  readonly sql: string
  /** A query of one boolean: whether its work is done and valid. */
  readonly done: string
  /** SQL that rolls it back, so that the next one finds the table unchanged. */
  readonly undo: string
}

/** The tables before each of them. */
export const TABLES = `CREATE TABLE "customers" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "customers_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "orders" (
    "id" SERIAL NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "reference" TEXT NOT NULL,
    "note" TEXT,
    "amount" DECIMAL(12,2) NOT NULL DEFAULT 0,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "orders_pkey" PRIMARY KEY ("id")
);
`

export const cases: readonly Case[] = [
  {
    id: 'not-null',
    title: 'SET NOT NULL',
    sql: 'ALTER TABLE "orders" ALTER COLUMN "note" SET NOT NULL;\n',
    done: `SELECT attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'`,
    undo: 'ALTER TABLE "orders" ALTER COLUMN "note" DROP NOT NULL',
  },
  {
    id: 'foreign-key',
    title: 'foreign key',
    sql: `ALTER TABLE "orders" ADD CONSTRAINT "orders_customer_id_fkey" FOREIGN KEY ("customer_id") REFERENCES "customers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;\n`,
    done: `SELECT convalidated FROM pg_constraint WHERE conname = 'orders_customer_id_fkey'`,
    undo: 'ALTER TABLE "orders" DROP CONSTRAINT "orders_customer_id_fkey"',
  },
  {
    id: 'index',
    title: 'index',
    sql: 'CREATE INDEX "orders_customer_id_idx" ON "orders"("customer_id");\n',
    done: `SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_customer_id_idx'::regclass`,
    undo: 'DROP INDEX "orders_customer_id_idx"',
  },
  {
    id: 'unique',
    title: 'unique constraint',
    sql: 'ALTER TABLE "orders" ADD CONSTRAINT "orders_reference_key" UNIQUE ("reference");\n',
    done: `SELECT indisvalid FROM pg_index JOIN pg_constraint ON conindid = indexrelid WHERE conname = 'orders_reference_key'`,
    undo: 'ALTER TABLE "orders" DROP CONSTRAINT "orders_reference_key"',
  },
]
