export { effectText } from './effect-text.ts'
export { prove } from './dialects.ts'
export { type OnShadow, type Proof, gradeOf } from './prove.ts'
export { type RowSums, readRowSums } from './postgres/row-sums.ts'
