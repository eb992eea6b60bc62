import { expect, test } from 'vitest'
import { countTests, exitCodeOf, type Outcome, outcomeOf, table } from '../../scripts/matrix/outcome.ts'

const run = { version: '4.3', broker: '4.3.6', seconds: 61.2, exitCode: 0 }
const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
})
const ran = (version: string, failed = 0): Outcome => ({
  kind: 'ran',
  version,
  broker: `${version}.1`,
  seconds: 61.2,
  passed: 120,
  failed,
  skipped: 1,
})
const notRun: Outcome = { kind: 'not run', version: '4.0', why: 'INSTALL_FAILED: no network' }

test('counts tests, and a file that could not be loaded as one that failed', () => {
  const testResults = [file('passed', 'passed', 'skipped', 'todo'), file('failed', 'passed', 'failed'), file('failed')]
  expect(countTests({ testResults })).toEqual({ passed: 2, failed: 2, skipped: 2 })
})

test('a version of which nothing was executed has not passed', () => {
  expect(outcomeOf(run, { testResults: [file('passed', 'skipped')] })).toMatchObject({ kind: 'not run' })
  expect(outcomeOf(run, { testResults: [] })).toMatchObject({ kind: 'not run' })
})

test('a run without a report, and one that ends badly though no test failed, have failed', () => {
  expect(outcomeOf({ ...run, exitCode: null }, undefined)).toMatchObject({ kind: 'ran', failed: 1 })
  expect(outcomeOf({ ...run, exitCode: 1 }, { testResults: [file('passed', 'passed')] })).toMatchObject({ failed: 1 })
})

test.each([
  [[ran('3.10'), ran('4.3')], 0],
  [[ran('3.10'), notRun], 2],
  [[ran('3.10', 1), notRun], 1],
  [[], 2],
])('%j ends with %i', (outcomes, expected) => {
  expect(exitCodeOf(outcomes)).toBe(expected)
})

test('shows one line for each version, why one was not run, and the sum', () => {
  expect(table([ran('3.10'), notRun, ran('4.3', 2)])).toBe(
    [
      'VERSION  PASSED  FAILED  SKIPPED  TIME  BROKER',
      '3.10     120     0       1        61 s  3.10.1',
      '4.0      not run: INSTALL_FAILED: no network',
      '4.3      120     2       1        61 s  4.3.1',
      '',
      '1 of 3 versions NOT RUN',
      '240 passed, 2 failed, 2 skipped',
      '',
    ].join('\n'),
  )
})
