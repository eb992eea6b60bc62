import type { PlanDocument, StepDocument } from '@warren/cluster'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { showPlan } from './show.ts'

const step = (action: string, index: number): StepDocument => ({
  action,
  kind: 'queue',
  vhost: 'shop',
  name: `qu.${action}.${index}`,
  changes: [],
})
const steps = (action: string, count: number) => Array.from({ length: count }, (_, index) => step(action, index))

function planOf(all: readonly StepDocument[]): PlanDocument {
  return {
    format: 'warren-plan-1',
    spec: 'shop',
    broker: { version: '4.3.6', clusterName: 'shop', nodes: [] },
    steps: all,
    orphans: [],
    repartitions: [],
    findings: [],
    effective: [],
  }
}
const shown = (plan: PlanDocument, isWhole = false) => stripVTControlCharacters(showPlan(plan, { isWhole }))

test('shows each of a few steps', () => {
  expect(shown(planOf(steps('create', 50))).match(/^\+ create/gm)).toHaveLength(50)
})

test('shows the first of many steps alike, and how many more there are', () => {
  const text = shown(planOf([...steps('create', 60), ...steps('update', 3)]))
  expect(text.match(/^\+ create/gm)).toHaveLength(20)
  expect(text).toContain('… and 40 more queue steps to create; --all shows each')
  expect(text.match(/^~ update/gm)).toHaveLength(3)
  expect(text).toContain('63 steps: 60 to create, 3 to update')
})

test('shows each where the whole is asked for, and always what is removed', () => {
  expect(shown(planOf(steps('create', 60)), true).match(/^\+ create/gm)).toHaveLength(60)
  expect(shown(planOf(steps('delete', 60))).match(/^- delete/gm)).toHaveLength(60)
})
