export type { Files } from './host.ts'
export { interruption } from './interruption.ts'
export { programOf } from './program.ts'
export { run } from './run.ts'
