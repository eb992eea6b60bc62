import { userInfo } from 'node:os'
import type { Store } from '@warren/bus'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shopFolder, warren } from './support/run.ts'
import { filledStores } from './support/stores.ts'
import type { StorePlaces } from './support/stores.ts'

describe.each(['sqlite', 'postgres'] as const)('subscriptions in %s', (kind) => {
  let places: StorePlaces
  let crm: Store
  const run = (...args: string[]) => warren(['subscriptions', ...args], { cwd: shopFolder, env: places.env })
  const me = userInfo().username
  beforeAll(async () => {
    places = await filledStores(kind)
    crm = await places.open('crm')
  })
  afterAll(() => places.drop())

  test('are paused and resumed in the store of their service, with who, and shown as that', async () => {
    const paused = await run('pause', 'order.crm')
    expect(paused.stdout).toMatch(new RegExp(`^order\\.crm is paused \\d{4}-.*Z by ${me}\\n$`))
    expect(await crm.subscriptions.pauseOf('order.crm')).toMatchObject({ by: me })
    expect((await run('list', '--json')).json()).toMatchObject({
      subscriptions: [
        { name: 'order.crm', paused: { by: me } },
        { name: 'order.mail', paused: null },
      ],
    })

    const resumed = await run('resume', 'order.crm', '--json')
    expect(resumed.json()).toEqual({
      name: 'order.crm',
      action: 'resume',
      stores: [{ store: 'crm', pause: null, isChanged: true }],
    })
    expect((await run('resume', 'order.crm')).stdout).toBe('nothing changed: order.crm is not paused\n')
    expect(await crm.subscriptions.pauseOf('order.crm')).toBeNull()
  })

  test('that no store of a service has are refused', async () => {
    const { code, stderr } = await run('pause', 'order.crn')
    expect(stderr).toMatch(/^warren: SUBSCRIPTION_UNKNOWN: .*"order\.crn"/)
    expect(code).toBe(66)
  })
})
