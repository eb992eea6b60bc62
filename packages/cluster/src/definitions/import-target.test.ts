import { expect, it } from 'vitest'
import { pluginsOf } from './import-target.ts'

const node = (uptime: number, ...names: readonly string[]) => ({
  ...{ running: true, uptime, applications: names.map((name) => ({ name })) },
})

it('knows the plugins of nodes that have been running for a while', () => {
  const nodes = [node(60_000, 'rabbit'), node(16_000, 'rabbit', 'rabbitmq_shovel')]
  expect(pluginsOf(nodes)).toEqual(new Set(['rabbit', 'rabbitmq_shovel']))
})

it('knows nothing before nodes have told, and while one is starting', () => {
  expect(pluginsOf([])).toBeUndefined()
  expect(pluginsOf([{ running: true, uptime: 60_000 }])).toBeUndefined()
  expect(pluginsOf([node(60_000, 'rabbit'), node(4_000, 'rabbit')])).toBeUndefined()
})

it('asks nothing of a node that is down', () => {
  expect(pluginsOf([node(60_000, 'rabbit'), { running: false }])).toEqual(new Set(['rabbit']))
})
