export { squashFailures } from './failures.ts'
export type { SquashForm } from './body.ts'
export { draftSquash } from './dialects.ts'
export type { Squash, SquashRequest } from './squash.ts'
export {
  finishSquash,
  uncommitted,
  type UnfinishedSquash,
  unfinishedSquash,
  writeSquash,
  type WriteRequest,
} from './write.ts'
