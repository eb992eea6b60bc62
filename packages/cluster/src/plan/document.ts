import type { Finding } from '../lint/finding.ts'
import type { EffectiveChange } from '../policies/effective-changes.ts'
import { redact } from '../redaction/redact.ts'
import { isSame } from '../resources/value.ts'
import type { MadePlan } from './make-plan.ts'
import type { Step } from './plan.ts'
import { drainOrder } from './repartition.ts'

/** A plan for programs and for a file: plain data, with every secret masked. */
export interface PlanDocument {
  readonly format: 'warren-plan-1'
  readonly spec: string
  readonly broker: { readonly version: string; readonly clusterName: string; readonly nodes: readonly string[] }
  readonly steps: readonly StepDocument[]
  /** Owned, not named any more, and left alone without --prune. */
  readonly orphans: readonly StepDocument[]
  /** Queues that get other partitions, with what is to be done before. */
  readonly repartitions: readonly RepartitionDocument[]
  readonly findings: readonly Finding[]
  readonly effective: readonly EffectiveChange[]
}

export interface RepartitionDocument {
  readonly vhost: string
  readonly queue: string
  /** How many partitions. */
  readonly before: number
  readonly after: number
  readonly drainOrder: readonly string[]
}

export interface StepDocument {
  readonly action: string
  readonly kind: string
  readonly vhost?: string
  readonly name: string
  readonly changes: Step['changes']
  readonly wayOut?: string
}

export function planDocument({ plan, findings, effective }: MadePlan): PlanDocument {
  const { version, clusterName, nodes } = plan.broker
  const document: PlanDocument = {
    format: 'warren-plan-1',
    spec: plan.spec,
    broker: { version, clusterName, nodes: nodes.map(({ name }) => name) },
    steps: plan.steps.map(stepDocument),
    orphans: plan.orphans.map(stepDocument),
    repartitions: plan.repartitions.map((change) => ({
      vhost: change.vhost,
      queue: change.queue,
      before: change.before.length,
      after: change.after.length,
      drainOrder: drainOrder(change),
    })),
    findings,
    effective,
  }
  return redact(document) as PlanDocument
}

export function stepDocument({ action, kind, vhost, name, changes, wayOut }: Step): StepDocument {
  const where = vhost === undefined ? {} : { vhost }
  const out = wayOut === undefined ? {} : { wayOut }
  return redact({ action, kind, ...where, name, changes, ...out }) as StepDocument
}

/** True when both would do the same to the same cluster. Values that are masked are not compared. */
export function isSamePlan(left: PlanDocument, right: PlanDocument): boolean {
  const essence = ({ format, spec, broker, steps }: PlanDocument): unknown =>
    // A change that is undefined on one side does not survive JSON.
    JSON.parse(JSON.stringify({ format, spec, cluster: broker.clusterName, steps }))
  return isSame(essence(left), essence(right))
}
