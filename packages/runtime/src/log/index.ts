export { sqlComments } from './comments.ts'
export { log, type Logger, type LogOptions, type OperationRecord } from './log.ts'
