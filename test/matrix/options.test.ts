import { expect, test } from 'vitest'
import { parseOptions, UsageError } from '../../scripts/matrix/options.ts'

test('tests everything on every version that can be brought, unless told otherwise', () => {
  expect(parseOptions([])).toEqual({ versions: ['3.10', '4.0', '4.3'], paths: [], isShort: false, isJson: false })
})

test('takes versions, each once, and paths', () => {
  expect(parseOptions(['--versions', '4.3, 3.10,4.3', 'packages/bus', '--json'])).toEqual({
    versions: ['4.3', '3.10'],
    paths: ['packages/bus'],
    isShort: false,
    isJson: true,
  })
})

test.each([
  [['--versions', '4.3.6'], '"4.3.6" is no series'],
  [['--versions', ''], '"" is no series'],
  [['--version', '4.3'], '--version'],
  [['--short', 'packages/bus'], 'not both'],
])('refuses %j', (args, answer) => {
  expect(() => parseOptions(args)).toThrow(UsageError)
  expect(() => parseOptions(args)).toThrow(answer)
})
