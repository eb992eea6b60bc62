export { ClusterError, type ClusterErrorCode, clusterErrorCodes, isClusterError, isManagementError } from './errors.ts'
export { checkImport, type ImportCheck, type ImportStep, type ImportTarget } from './definitions/check-import.ts'
export { type Connection, type ConnectionFilter, type ConnectionPage, listConnections } from './connections/list.ts'
export { diffDefinitions, type Difference } from './definitions/diff.ts'
export { type DefinitionsDocument, parseDefinitions } from './definitions/document.ts'
export { exportDefinitions, type ExportOptions } from './definitions/export.ts'
export type { Transformed } from './definitions/transform/note.ts'
export { transformDefinitions, type Transforms } from './definitions/transform.ts'
export type { ToQuorumOptions } from './definitions/transform/to-quorum.ts'
export { blockingIn, importDefinitions, type ImportOptions, planImport } from './definitions/import.ts'
export {
  importDocument,
  type ImportDocument,
  importIdentity,
  type ImportStepDocument,
  maskedDifference,
} from './definitions/import-document.ts'
export { importTargetOf } from './definitions/import-target.ts'
export { identitiesIn, withoutClusterIdentity } from './definitions/identity.ts'
export { planSync, type SyncPlan, type SyncSectionsOptions, syncSections } from './definitions/sync.ts'
export type { ImportProblem } from './definitions/import-stops.ts'
export { apply, type Applied, type ApplyOptions, type StepResult } from './plan/apply.ts'
export { brokenLinks } from './health/broken-links.ts'
export { type FindingCode, findingCodes, type Severity } from './health/codes.ts'
export { diagnose, isAtLeastAsBad, severities } from './health/diagnose.ts'
export type { HealthFinding } from './health/finding.ts'
export { type HealthOptions, readHealth } from './health/read.ts'
export { readStatus, type StatusReading } from './health/read-status.ts'
export type { LinkReading, NodeReading, NotRead, Reading } from './health/reading.ts'
export type { Finding } from './lint/finding.ts'
export {
  isSamePlan,
  planDocument,
  type PlanDocument,
  type RepartitionDocument,
  stepDocument,
  type StepDocument,
} from './plan/document.ts'
export { driftIn } from './plan/drift.ts'
export { makePlan, type MadePlan, planFor } from './plan/make-plan.ts'
export type { Repartition } from './plan/repartition.ts'
export { type Action, plan, type Plan, type PlanOptions, type Step } from './plan/plan.ts'
export type { Effective } from './policies/effective.ts'
export type { EffectiveChange } from './policies/effective-changes.ts'
export { type PolicyObject, type PolicyReading, readPolicies } from './policies/read.ts'
export { type Consumer, readConsumers } from './queues/consumers.ts'
export { listQueues, placementsOf, type Queue, type QueueFilter } from './queues/list.ts'
export { type QueueBinding, type QueueConsumer, type QueueDetails, readQueue } from './queues/details.ts'
export { type MemberStep, survivableLosses } from './queues/member-steps.ts'
export { changeMembers, type MemberOptions, type MemberResult, planGrow, planShrink } from './queues/members.ts'
export {
  leadersOf,
  type NodeLeaders,
  type Rebalanced,
  type RebalanceOptions,
  rebalanceQueues,
} from './queues/rebalance.ts'
export {
  labelOf,
  type Member,
  type Mirror,
  type QueueName,
  type QueuePlacement,
  unsynchronisedMirrors,
} from './queues/queue.ts'
export {
  cancelSync,
  requireMirroring,
  type SyncEvent,
  type SyncOptions,
  syncQueues,
  type SyncResult,
} from './queues/sync.ts'
export type { SamplePoint, SampleWindow } from './samples/points.ts'
export {
  type QueueSamples,
  type QueueTotals,
  readQueueSamples,
  readQueueTotals,
  readVhostSamples,
  type VhostSamples,
} from './samples/read.ts'
export { readSampling, type Sampling } from './samples/sampling.ts'
export { readSnapshot, type Snapshot } from './snapshot/snapshot.ts'
export { adopt, type Adopted } from './spec/adopt.ts'
export { compile, type Compiled, fetchPasswords } from './spec/compile.ts'
export { loadSpec, type LoadedSpec } from './spec/load.ts'
export { checkSpec, parseSpec, type ParseOptions, type SpecProblem } from './spec/parse.ts'
export { specReference } from './spec/reference.ts'
export { specJsonSchema } from './spec/schema.ts'
export { defineCluster, type Spec, type VhostSpec } from './spec/spec.ts'
export { readTopology, type TopologyBinding, type VhostTopology } from './topology/read.ts'
