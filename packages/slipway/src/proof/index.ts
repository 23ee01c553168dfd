export { effectText } from './effect-text.ts'
export { type OnShadow, type Proof, gradeOf, prove } from './prove.ts'
export { type RowSums, readRowSums } from './postgres/row-sums.ts'
