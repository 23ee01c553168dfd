export {
  CONSISTENCY_COOKIE,
  consistencyToken,
  withConsistency,
  withConsistencyCookie,
} from './consistency.ts'
export { replicas } from './extension.ts'
export {
  createReplicaSet,
  type ReplicaConfig,
  type ReplicaSet,
  type ReplicaSetOptions,
  type ReplicaStatus,
} from './replica-set.ts'
