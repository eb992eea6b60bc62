import { describe, expect, it } from 'vitest'
import { parseOptions, rateFor, UsageError } from './options.ts'

describe('parseOptions', () => {
  it('reads every flag of a demo', () => {
    expect(
      parseOptions(
        '--orders 2000 --kill-node --restart-services --rollback-percent 10 --store postgres --json'.split(' '),
      ),
    ).toMatchObject({
      orders: 2000,
      rate: 60,
      isNodeKilled: true,
      areServicesRestarted: true,
      rollbackPercent: 10,
      store: 'postgres',
      isJson: true,
      isKept: false,
    })
  })

  it('opens the page, unless the result is for a program or somebody does not want it', () => {
    expect(parseOptions([])).toMatchObject({ pagePort: 0, isStaying: false })
    expect(parseOptions(['--page-port', '8472', '--stay'])).toMatchObject({ pagePort: 8472, isStaying: true })
    for (const flag of ['--json', '--no-page']) expect(parseOptions([flag])).toMatchObject({ pagePort: null })
  })

  it.each([
    ['--orders', 'many'],
    ['--orders', '0'],
    ['--rollback-percent', '51'],
    ['--store', 'mysql'],
    ['--sabotage', 'something'],
    ['--page-port', '70000'],
    ['--no-orders', ''],
    ['--unknown', ''],
    ['word', ''],
  ])('refuses %s %s', (...args) => {
    expect(() => parseOptions(args.filter((arg) => arg !== ''))).toThrow(UsageError)
  })

  it('refuses to kill nodes that are not its own, or so many that none are left to vote', () => {
    expect(() => parseOptions(['--kill-node'], { WARREN_ENDPOINTS: 'amqp://somewhere' })).toThrow(UsageError)
    expect(() => parseOptions(['--kill-node', '--nodes', '2'])).toThrow(UsageError)
  })

  it('makes small runs long enough to see something, and big ones no longer than they must be', () => {
    expect([rateFor(20), rateFor(400), rateFor(2000)]).toEqual([5, 20, 60])
  })
})
