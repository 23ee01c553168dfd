export { cliFailures } from './failures.ts'
export type { Files, Host } from './host.ts'
export { interruption } from './interruption.ts'
export { run } from './run.ts'
