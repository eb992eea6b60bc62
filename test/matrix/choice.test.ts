import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brokerTests, chosen, shortList } from '../../scripts/matrix/choice.ts'
import { UsageError } from '../../scripts/matrix/options.ts'

const files: Readonly<Record<string, string>> = {
  'packages/bus/test/receive.test.ts': "import { service } from './support/service.ts'",
  'packages/bus/test/support/service.ts': "import { testVhost } from '../../../../test/support/broker.ts'",
  'packages/bus/test/store/sqlite.test.ts': "import { a } from './a.ts'",
  'packages/bus/test/store/a.ts': "import { b } from './b.ts'",
  'packages/bus/test/store/b.ts': "import { a } from './a.ts'\nimport { shared } from 'vitest'",
  'packages/cluster/test/owner.test.ts': "import { startCluster } from '@warren/cluster/local'",
  'packages/cluster/test/postgres.test.ts': "import { startPostgres } from '@warren/cluster/local'",
}
const tests = Object.keys(files).filter((path) => path.endsWith('.test.ts'))

test('chooses what needs a broker, also by way of others', () => {
  expect(brokerTests(tests, (path) => files[path])).toEqual([
    'packages/bus/test/receive.test.ts',
    'packages/cluster/test/owner.test.ts',
  ])
})

test.each([
  [[], ['packages/bus/a.test.ts', 'packages/bus-b/b.test.ts']],
  [['packages/bus/'], ['packages/bus/a.test.ts']],
  [['./packages/bus/a.test.ts'], ['packages/bus/a.test.ts']],
  [['.'], ['packages/bus/a.test.ts', 'packages/bus-b/b.test.ts']],
])('narrows to %j', (paths, expected) => {
  expect(chosen(['packages/bus/a.test.ts', 'packages/bus-b/b.test.ts'], paths)).toEqual(expected)
})

test('refuses a path with nothing to test: a mistyped one would pass', () => {
  expect(() => chosen(['packages/bus/a.test.ts'], ['packages/bus', 'packages/bsu'])).toThrow(UsageError)
})

test('has a short list of files that are there', () => {
  const root = join(import.meta.dirname, '../..')
  expect(shortList.filter((path) => !existsSync(join(root, path)))).toEqual([])
})
