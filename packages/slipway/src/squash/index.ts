export { squashFailures } from './failures.ts'
export type { SquashForm } from './body.ts'
export { draftSquash, type Squash, type SquashRequest } from './squash.ts'
export {
  finishSquash,
  uncommitted,
  type UnfinishedSquash,
  unfinishedSquash,
  writeSquash,
  type WriteRequest,
} from './write.ts'
