import type { EffectiveChange, Finding, PlanDocument, RepartitionDocument, StepDocument } from '@warren/cluster'
import { styleText } from 'node:util'
import { counted } from '../../counted.ts'
import { emphasised } from '../../table.ts'
import { visible } from '../../output.ts'

type Style = Parameters<typeof styleText>[0]

const marks: Readonly<Record<string, { readonly mark: string; readonly style: Style }>> = {
  create: { mark: '+', style: 'green' },
  update: { mark: '~', style: 'yellow' },
  replace: { mark: '!', style: 'magenta' },
  delete: { mark: '-', style: 'red' },
}

/** Of more than so many alike … */
const MANY = 50
/** … so many are shown. */
const SHOWN = 20

/** A plan for people; of many things alike only the first unless it is whole. What the document holds is masked already. */
export function showPlan(document: PlanDocument, { isWhole = false }: { readonly isWhole?: boolean } = {}): string {
  const few = <T>(items: readonly T[], show: (item: T) => string, groupOf: (item: T) => string | undefined) =>
    isWhole ? items.map(show) : shortened(items, show, groupOf)
  const { steps, orphans, repartitions, findings, effective, broker } = document
  const parts = [
    `${emphasised('Plan')} for cluster ${visible(broker.clusterName)}, RabbitMQ ${broker.version}`,
    // What is removed or cannot be made is shown one by one, however many there are.
    ...few(steps, showStep, ({ action, kind }) =>
      action === 'create' || action === 'update' ? `${kind} steps to ${action}` : undefined,
    ),
    ...(effective.length === 0
      ? []
      : [
          '',
          emphasised('What holds for exchanges and queues, before and after'),
          ...few(effective, showEffective, () => 'of these'),
        ]),
    ...(repartitions.length === 0 ? [] : ['', emphasised('Drain first'), ...repartitions.flatMap(showRepartition)]),
    ...(findings.length === 0
      ? []
      : ['', emphasised('Look at this'), ...few(findings, showFinding, ({ rule }) => rule)]),
    ...showOrphans(orphans),
    '',
    summary(steps),
  ]
  return parts.join('\n')
}

/** Every item of a small group, and of one that is not undefined and has many the first, then how many more there are. */
function shortened<T>(
  items: readonly T[],
  show: (item: T) => string,
  groupOf: (item: T) => string | undefined,
): readonly string[] {
  const sizes = new Map<string, number>()
  for (const item of items) {
    const group = groupOf(item)
    if (group !== undefined) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  }
  const seen = new Map<string, number>()
  return items.flatMap((item) => {
    const group = groupOf(item)
    const size = group === undefined ? 0 : (sizes.get(group) ?? 0)
    if (group === undefined || size <= MANY) return [show(item)]
    const index = seen.get(group) ?? 0
    seen.set(group, index + 1)
    if (index < SHOWN) return [show(item)]
    return index === SHOWN ? [`  … and ${size - SHOWN} more ${group}; --all shows each`] : []
  })
}

export function showStep({ action, kind, vhost, name, changes, wayOut }: StepDocument): string {
  const { mark, style } = marks[action] ?? { mark: '?', style: 'bold' as const }
  const where = vhost === undefined || kind === 'vhost' ? '' : ` in ${vhost}`
  const head = coloured(style, visible(`${mark} ${action} ${kind} ${name}${where}`))
  // What is new is told in one line: the spec has the rest.
  const told =
    action === 'create'
      ? []
      : changes.map(({ path, before, after }) => `    ${path}: ${value(before)} → ${value(after)}`)
  return [head, ...told.map(visible), ...(wayOut === undefined ? [] : [`    ${visible(wayOut)}`])].join('\n')
}

export function showFinding({ level, rule, label, message }: Finding): string {
  const style = level === 'error' ? 'red' : level === 'warning' ? 'yellow' : 'dim'
  return `${coloured(style, level)} ${rule}: ${visible(`${label}: ${message}`)}`
}

function showEffective({ vhost, kind, name, before, after }: EffectiveChange): string {
  const side = (effective: EffectiveChange['before']): string => {
    if (effective === undefined) return 'not there'
    const names = [effective.policy, effective.operatorPolicy].filter((name) => name !== undefined)
    return names.length === 0 ? 'no policy' : `${names.join(' + ')} ${JSON.stringify(effective.definition)}`
  }
  return visible(`  ${kind} ${name} in ${vhost}: ${side(before)} → ${side(after)}`)
}

function showRepartition({ vhost, queue, before, after, drainOrder }: RepartitionDocument): readonly string[] {
  const head = `  ${queue} in ${vhost}: ${before} → ${after} partitions; entities move, and could overtake what waits`
  return [head, ...drainOrder.map((step, index) => `    ${index + 1}. ${step}`)].map(visible)
}

function showOrphans(orphans: readonly StepDocument[]): readonly string[] {
  if (orphans.length === 0) return []
  const names = orphans.map(({ kind, name }) => `${kind}/${name}`)
  return ['', visible(`No longer in the spec, and left alone without --prune: ${names.join(', ')}`)]
}

function summary(steps: readonly StepDocument[]): string {
  if (steps.length === 0) return 'nothing to change'
  const count = (action: string): number => steps.filter((step) => step.action === action).length
  const told = Object.keys(marks).flatMap((action) => (count(action) === 0 ? [] : [`${count(action)} to ${action}`]))
  return `${counted(steps.length, 'step')}: ${told.join(', ')}`
}

function value(item: unknown): string {
  return item === undefined ? 'not set' : JSON.stringify(item)
}

function coloured(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}
