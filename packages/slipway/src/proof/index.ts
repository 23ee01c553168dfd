export { type OnShadow, type Proof, gradeOf, prove } from './prove.ts'
export { type RowSums, readRowSums } from './row-sums.ts'
