export { type OnShadow, type Proof, gradeOf, prove } from './prove.ts'
export { columnOf, type RowSums, readRowSums, tableRef } from './postgres/row-sums.ts'
