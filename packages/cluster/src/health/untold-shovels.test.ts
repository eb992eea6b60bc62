import { expect, test } from 'vitest'
import { untoldShovels } from './untold-shovels.ts'

test('a shovel is told of by its vhost and name', () => {
  const told = [
    { vhost: '/', name: 'a' },
    { vhost: 'v', name: 'b' },
  ]
  const defined = [...told, { vhost: 'v', name: 'a' }, { vhost: '/', name: 'c' }]
  expect(untoldShovels(told, defined)).toEqual([
    { vhost: 'v', name: 'a' },
    { vhost: '/', name: 'c' },
  ])
  expect(untoldShovels(told, [])).toEqual([])
})
