export {
  type Consent,
  type ConsentQuestion,
  type Destroyed,
  destroyedText,
  requireConsent,
  toConsentTo,
} from './consent.ts'
export { deploy, type DeployOutcome, type DeployRequest } from './deploy.ts'
export { refuseForeignObjects } from './foreign-objects.ts'
export { deployFailures } from './failures.ts'
export { unaccepted } from './hazards.ts'
export { keepingFor, prepareKeeping } from './keep.ts'
export { MIGRATE_LOCK } from './postgres/lock.ts'
export { readPlan, type SavedPlan, savePlan } from './plan-file.ts'
export { describePreCheck } from './pre-checks.ts'
export { type Preview, previewDeploy } from './preview.ts'
export { LEAVES_NOTHING, reviewsOf } from './review.ts'
export type { Recorded } from './squashes.ts'
export { prepareBooks, withTarget, type WorkRequest } from './target.ts'
export {
  readKnownNow,
  readSchemaNow,
  type Verification,
  verified,
  verifyAndRecord,
} from './verify.ts'
