import { postgresStore } from '@warren/bus/postgres'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { testDatabase } from '../../../test/support/postgres.ts'
import { startProxy } from '../../../test/support/proxy.ts'
import { startWarren, warren } from './support/run.ts'
import { storePlaces } from './support/stores.ts'

test.each(['javascript:alert("{traceId}")', 'https://jaeger.example/trace'])(
  'the page does not start with %s for traces, and says what it needs',
  async (template) => {
    const places = await storePlaces('sqlite')
    onTestFinished(() => places.drop())
    await places.open('crm')
    const { code, stderr } = await warren([
      'monitor',
      '--store',
      places.urls.crm,
      '--port',
      '0',
      '--trace-url',
      template,
    ])
    expect(stderr).toMatch(/^warren: OPTION_INVALID: traceUrl: an address with http or https.*\n$/m)
    expect(code).toBe(78)
  },
)

test('the page is there while a store is away, says so, and reads it when it is back', async () => {
  const places = await storePlaces('sqlite')
  onTestFinished(() => places.drop())
  const migrated = startWarren(['store', 'migrate', '--store', places.urls.crm])
  expect(await once(migrated, 'close')).toEqual([0, null])

  const { url } = await testDatabase()
  const store = postgresStore({ connectionString: url })
  await store.start()
  await store.stop()
  const proxy = await startProxy({ port: Number(new URL(url).port) })
  onTestFinished(() => proxy.close())
  await proxy.refuse()
  const away = proxy.through(url)

  const child = startWarren(['monitor', '--store', places.urls.crm, '--store', away, '--port', '0', '--json'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [string]
  const page = JSON.parse(said) as { readonly url: string; readonly bootstrapUrl: string; readonly stores: string[] }
  const token = page.bootstrapUrl.split('token=')[1] ?? ''
  const read = async (): Promise<{ readonly unreachable: readonly { readonly store: string }[] }> => {
    const answer = await fetch(`${page.url}/api/overview`, { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(200)
    return (await answer.json()) as Awaited<ReturnType<typeof read>>
  }
  expect((await read()).unreachable.map((each) => each.store)).toEqual([page.stores[1]])
  await proxy.accept()
  await expect.poll(async () => (await read()).unreachable, { timeout: 30_000 }).toEqual([])

  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
})
