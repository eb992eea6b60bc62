import { expect, it } from 'vitest'
import { lineDiff } from './line-diff.ts'

const shown = (before: string, after: string): string =>
  lineDiff(before, after)
    .map(({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`)
    .join('|')

it.each([
  ['a\nb\nc', 'a\nb\nc', ' a| b| c'],
  ['a\nb\nc', 'a\nx\nc', ' a|-b|+x| c'],
  ['a\nc', 'a\nb\nc', ' a|+b| c'],
  ['a\nb\nc', 'a\nc', ' a|-b| c'],
  ['a\nb\nc\nd', 'b\nx\nd\ne', '-a| b|-c|+x| d|+e'],
  ['a', 'b', '-a|+b'],
  ['', 'a', '-|+a'],
  ['a\na', 'a', ' a|-a'],
])('from %j to %j', (before, after, expected) => {
  expect(shown(before, after)).toBe(expected)
})

it('says of a very long text that differs everywhere that all of it was replaced', () => {
  const lines = (letter: string): string => Array.from({ length: 3_000 }, (_, n) => `${letter}${n}`).join('\n')
  const diff = lineDiff(`first\n${lines('a')}\nlast`, `first\n${lines('b')}\nlast`)
  expect(diff).toHaveLength(6_002)
  expect(diff.map(({ kind }) => kind).filter((kind) => kind === 'same')).toHaveLength(2)
})
