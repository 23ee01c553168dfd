export { type Companions, NO_COMPANIONS } from './companions.ts'
export { keepingOf } from './keeping.ts'
export { describeKept, type Kept, readKept } from './kept.ts'
export { safekeepingFailures } from './failures.ts'
export { createKeepingSql } from './ledger.ts'
export { type Made, madeBefore, nameKey } from './made.ts'
export {
  type Message,
  messageText,
  NO_MESSAGE,
  openingPiece,
  stopOf,
  groupMessage,
} from './message.ts'
export { expired, pruneKept, restoreKept } from './prune.ts'
export { restoringOf } from './restoring.ts'
