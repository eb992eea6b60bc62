import { describe, expect, test } from 'vitest'
import { shopFolder, warren } from './support/run.ts'

const inShop = { cwd: shopFolder }

describe('events list', () => {
  test('shows every name, scoped forms included, with who subscribes', async () => {
    const { code, stdout } = await warren(['events', 'list'], inShop)
    expect(stdout.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
      ['EVENT', 'ENTITY', 'OPTIONAL', 'SUBSCRIBERS', 'DESCRIPTION'],
      ['order.payment.onPaid', 'order', 'order.crm order.mail', 'the money has arrived'],
      ['order.delivery.onDelivered', 'order', 'order.crm'],
      ['order.viporder.payment.onPaid', 'order', 'order.crm order.mail', 'the money has arrived'],
      ['order.viporder.delivery.onDelivered', 'order', 'order.crm'],
      ['product.price.onChanged', 'product', 'yes'],
      [''],
    ])
    expect(code).toBe(0)
  })

  test('finds the configuration from a folder below, and writes one JSON document', async () => {
    const finished = await warren(['events', 'list', '--match', 'order.*.*.*', '--json'], {
      cwd: `${shopFolder}/below`,
    })
    expect(finished.json()).toMatchObject({
      events: [
        { name: 'order.viporder.payment.onPaid', scope: 'viporder', subscribers: ['order.crm', 'order.mail'] },
        { name: 'order.viporder.delivery.onDelivered', subscribers: ['order.crm'] },
      ],
    })
    expect(finished.stderr).toBe('')
  })

  test('answers a pattern that matches nothing with one that does', async () => {
    const { code, stdout, stderr } = await warren(['events', 'list', '--match', '*.onPaid'], inShop)
    expect(stderr).toBe("'*.onPaid' matches no event; did you mean '#.onPaid'?\n")
    expect(stdout).toBe('no events\n')
    expect(code).toBe(0)
  })

  test('refuses what is no pattern', async () => {
    const { code, stderr } = await warren(['events', 'list', '--match', 'order.del*'], inShop)
    expect(stderr).toMatch(/^warren: PATTERN_INVALID: pattern "order\.del\*" has a wildcard glued/)
    expect(code).toBe(64)
  })
})

describe('events show', () => {
  test('shows what the payload looks like, and who takes it by which pattern', async () => {
    const { code, stdout } = await warren(['events', 'show', 'order.viporder.payment.onPaid'], inShop)
    expect(stdout).toMatch(/^description +the money has arrived$/m)
    expect(stdout).toMatch(/^subscribers +order\.crm \(.+\), order\.mail \(.+\)$/m)
    expect(stdout).toContain('"$schema": "https://json-schema.org/draft/2020-12/schema"')
    expect(code).toBe(0)
    const finished = await warren(['events', 'show', 'order.viporder.payment.onPaid', '--json'], inShop)
    expect(finished.json()).toMatchObject({ scope: 'viporder', fact: 'onPaid', schema: { type: 'object' } })
  })

  test('answers a name that is none with the one that was perhaps meant', async () => {
    const { code, stderr } = await warren(['events', 'show', 'order.payment.onPayd'], inShop)
    expect(stderr).toContain(
      'EVENT_UNKNOWN: event "order.payment.onPayd" is not in the catalog; did you mean "order.payment.onPaid"?',
    )
    expect(code).toBe(66)
  })
})

describe('events lint', () => {
  const mistakes = ['events', 'lint', '--config', 'mistakes.config.ts']

  test('has nothing to say about good patterns', async () => {
    const { code, stdout } = await warren(['events', 'lint', '--strict'], inShop)
    expect(stdout).toBe('0 errors, 0 warnings, 0 notes\n')
    expect(code).toBe(0)
  })

  test('finds the two classic mistakes, each with a pattern that takes what was meant', async () => {
    const { code, stdout } = await warren(mistakes, inShop)
    expect(stdout).toMatch(/^error +matches-nothing +pattern "\*\.onDelivered" .* did you mean "#\.onDelivered"\?$/m)
    expect(stdout).toMatch(
      /^warning +misses-scopes +pattern "\*\.delivery\.\*" .* misses "order\.viporder\.delivery\.onDelivered"; "#\.delivery\.\*" takes them too$/m,
    )
    expect(stdout).toContain('1 error, 1 warning, 0 notes')
    expect(code).toBe(2)
  })

  test('tells programs the same', async () => {
    const finished = await warren([...mistakes, '--json'], inShop)
    expect(finished.json()).toMatchObject({
      findings: [
        { level: 'error', subscription: 'warehouse', pattern: '*.onDelivered', suggestion: '#.onDelivered' },
        { level: 'warning', subscription: 'loyalty', pattern: '*.delivery.*', suggestion: '#.delivery.*' },
      ],
      errors: 1,
      warnings: 1,
    })
    expect(finished.code).toBe(2)
  })

  test('passes warnings and notes unless they are to fail', async () => {
    const warnings = ['events', 'lint', '--config', 'warnings.config.ts']
    const finished = await warren([...warnings, '--json'], inShop)
    expect(finished.json()).toMatchObject({ errors: 0, warnings: 1, notes: 1 })
    expect(finished.code).toBe(0)
    expect((await warren([...warnings, '--strict'], inShop)).code).toBe(2)
  })
})
