import { where, type Template } from './draw.ts'

/** Changes of rows in a migration. */
export const ROWS: readonly Template[] = [
  (d) => {
    const table = d.table()
    const column = d.column(table)
    return `UPDATE ${table.name} SET ${column.name} = ${d.one([d.value(column), 'NULL', 'DEFAULT'])} WHERE ${where(d, table)}`
  },
  (d) => {
    const table = d.table()
    const [to, from] = [d.column(table).name, d.column(table).name]
    return `UPDATE ${table.name} SET ${to} = ${from}`
  },
  (d) => {
    const table = d.table()
    const key = d.one(table.columns.filter(({ name }) => name === 'id')).name
    return `UPDATE ${table.name} SET ${key} = ${key} + 1000 WHERE ${where(d, table)}`
  },
  (d) => {
    const table = d.table()
    return `DELETE FROM ${table.name} WHERE ${where(d, table)}`
  },
  (d) => {
    const [table, other] = [d.table(), d.otherTable()]
    return `DELETE FROM ${table.name} AS t USING ${other.name} AS o WHERE t.${d.column(table).name} = o.${d.column(other).name}`
  },
  (d) => {
    const [table, other] = [d.table(), d.otherTable()]
    return `WITH gone AS (DELETE FROM ${table.name} RETURNING 1) UPDATE ${other.name} SET ${d.column(other).name} = NULL WHERE EXISTS (SELECT FROM gone)`
  },
  (d) =>
    `TRUNCATE ${d.table().name}${d.one(['', ' CASCADE', ' RESTART IDENTITY', ' RESTART IDENTITY CASCADE'])}`,
  (d) => {
    const table = d.table()
    const [x, y] = [d.column(table), d.column(table)]
    return `INSERT INTO ${table.name} (${x.name}, ${y.name}) VALUES (${d.value(x)}, ${d.value(y)})`
  },
  (d) => {
    const { name } = d.table()
    return `INSERT INTO ${name} SELECT * FROM ${name} ON CONFLICT DO NOTHING`
  },
  (d) => {
    const table = d.table()
    const [x, y] = [d.column(table), d.column(table)]
    const key = d.one(table.columns.filter(({ name }) => name === 'id'))
    return `INSERT INTO ${table.name} (${key.name}, ${x.name}) SELECT ${key.name}, ${x.name} FROM ${table.name} ON CONFLICT (${key.name}) DO UPDATE SET ${y.name} = ${d.one([d.value(y), 'NULL', `excluded.${y.name}`])}`
  },
  (d) => {
    const [table, other] = [d.table(), d.otherTable()]
    const set = d.column(table)
    return `MERGE INTO ${table.name} AS t USING ${other.name} AS s ON t.${d.column(table).name} = s.${d.column(other).name} WHEN MATCHED AND s.${d.column(other).name} IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET ${set.name} = ${d.value(set)}`
  },
  (d) => {
    const table = d.table()
    const { name, type } = d.column(table)
    return `ALTER TABLE ${table.name} ADD COLUMN "made" ${type};\nUPDATE ${table.name} SET "made" = ${name};\nALTER TABLE ${table.name} DROP COLUMN ${name} CASCADE;\nALTER TABLE ${table.name} RENAME COLUMN "made" TO ${name}`
  },
]
