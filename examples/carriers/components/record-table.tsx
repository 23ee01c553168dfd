import type { ReactNode } from 'react'

/** A column of a table of records. */
export interface RecordColumn<Row> {
  /** The heading, which a narrow screen shows next to each cell. */
  readonly label: string
  readonly numeric?: true
  readonly cell: (row: Row) => ReactNode
  /** The class of a cell, if it depends on the row. */
  readonly cellClass?: (row: Row) => string
}

interface Props<Row> {
  readonly columns: readonly RecordColumn<Row>[]
  readonly rows: readonly Row[]
  readonly caption?: string
  /** Shown if there are no rows. */
  readonly empty: ReactNode
}

/** A table that stacks its cells on a narrow screen; shows `empty` if there are no rows. */
export function RecordTable<Row extends { readonly id: string | number }>({
  columns,
  rows,
  caption,
  empty,
}: Props<Row>) {
  if (rows.length === 0) return empty
  const numberClass = (numeric?: true) => (numeric ? 'number' : undefined)
  return (
    <table className="stack">
      {caption !== undefined && <caption>{caption}</caption>}
      <thead>
        <tr>
          {columns.map(({ label, numeric }) => (
            <th key={label} scope="col" className={numberClass(numeric)}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            {columns.map(({ label, numeric, cell, cellClass }) => (
              <td
                key={label}
                data-label={label}
                className={cellClass?.(row) ?? numberClass(numeric)}
              >
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
