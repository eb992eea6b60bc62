import { expect, it } from 'vitest'
import { layOut } from '../ui/src/parts/layout.ts'

const sizes = { nodeWidth: 100, rowHeight: 10, columnGap: 50, top: 5 }
const node = (id: string, column: number) => ({ id, name: id, column })

it('puts each node beside those that lead to it, without room for columns that have none', () => {
  const nodes = [node('b', 0), node('a', 0), node('of-b', 3), node('of-a', 3), node('alone', 3)]
  const edges = [
    { from: 'a', to: 'of-a' },
    { from: 'b', to: 'of-b' },
  ]
  const { width, height, placed } = layOut(nodes, edges, sizes)
  expect([width, height]).toEqual([250, 35])
  const at = (id: string) => [placed.get(id)?.x, placed.get(id)?.y]
  expect([at('a'), at('b')]).toEqual([
    [0, 10],
    [0, 20],
  ])
  expect([at('of-a'), at('of-b'), at('alone')]).toEqual([
    [150, 5],
    [150, 15],
    [150, 25],
  ])
  expect(layOut([], [], sizes)).toMatchObject({ width: 1, height: 5 })
})
