import cookie from '@fastify/cookie'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../test/support/browser.ts'
import { hashOf } from '../src/access/sessions.ts'
import { monitor } from '../src/index.ts'
import { filled } from './support/filled.ts'

it('works in the server of a service, under a prefix, and leaves the rest of it alone', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(cookie)
  app.get('/orders', () => ({ orders: [] }))
  app.setErrorHandler((_error, _request, reply) => reply.status(418).send({ mine: true }))
  app.get('/broken', () => {
    throw new Error('of the service itself')
  })
  const tokens = [{ name: 'anna', role: 'operator' as const, sha256: hashOf('secret-of-anna') }]
  const stores = await filled('sqlite')
  await app.register(monitor, { prefix: '/internal/warren', stores, liveMs: 200, login: { tokens } })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })

  const own = await app.inject({ url: '/orders' })
  expect([own.statusCode, own.json(), own.headers['content-security-policy']]).toEqual([200, { orders: [] }, undefined])
  expect((await app.inject({ url: '/broken' })).json()).toEqual({ mine: true })
  expect((await app.inject({ url: '/nothing' })).statusCode).toBe(404)

  const page = await openPage()
  // Deep in the page, and without a login: that comes first, and the link holds.
  await page.goto(`${url}/internal/warren/subscriptions/order.crm`)
  await page.getByLabel('Token').fill('secret-of-anna')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'order.crm' }).waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.waitForURL(`${url}/internal/warren/`)
  await page.getByTestId('verdict').waitFor()
  // Loaded when it is needed, from where the page is.
  await page.locator('.plot canvas').first().waitFor()
  const script = (await page.locator('script[src]').getAttribute('src')) ?? ''
  const file = await app.inject({ url: `/internal/warren/${script}`, headers: { 'accept-encoding': 'gzip, br' } })
  expect([file.statusCode, file.headers['content-encoding'], file.headers['vary']]).toEqual([
    200,
    'br',
    'accept-encoding',
  ])

  // An action, its own answer, and what comes by itself.
  await page.getByRole('link', { name: 'Failures' }).click()
  await page.getByRole('link', { name: /no customer/ }).click()
  await page.getByRole('link', { name: 'order.payment.onPaid' }).first().click()
  await page.getByRole('button', { name: 'Retry' }).click()
  await page.getByText('Done for 1.').waitFor()
  await page.getByRole('link', { name: 'Activity' }).click()
  await page.getByRole('row', { name: /anna.*retry/ }).waitFor()
  await stores[1].store.actions.write({
    actor: 'somebody else',
    action: 'retry',
    subscription: null,
    messageId: null,
    details: {},
  })
  await page.getByRole('row', { name: /somebody else/ }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/internal/warren/activity')
  const [cookies] = await page.context().cookies()
  expect(cookies).toMatchObject({ path: '/internal/warren', httpOnly: true, sameSite: 'Strict' })
})
