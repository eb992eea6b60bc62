import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { progressLine } from '../src/commands/failures/apply.ts'
import { failMany } from './support/many-failures.ts'
import { startWarren, warren } from './support/run.ts'
import { storePlaces } from './support/stores.ts'

const TOTAL = 8_000

describe.each(['sqlite', 'postgres'] as const)('many failures in %s', (kind) => {
  const filled = async () => {
    const places = await storePlaces(kind)
    onTestFinished(() => places.drop())
    const store = await places.open('crm')
    await failMany(store, TOTAL)
    return { store, url: places.urls.crm }
  }

  test('are retried in chunks, with the progress beside the result', async () => {
    const { store, url } = await filled()
    const { code, stderr, json } = await warren(['failures', 'retry', '--all', '--yes', '--json', '--store', url])
    expect(code).toBe(0)
    expect(json()).toMatchObject({ action: 'retry', matching: TOTAL, changed: TOTAL, groups: [{ parked: TOTAL }] })
    expect(stderr).toMatch(/^\[█+░+\] +\d+ % {2}retry \d000\/8000/m)
    expect(stderr).toMatch(/^\[█{20}\] 100 % {2}retry 8000\/8000/m)
    expect(await store.failures.groups({})).toMatchObject([{ parked: 0, retrying: TOTAL }])
    expect(await store.bulk.list({})).toMatchObject([{ state: 'done', done: TOTAL }])
  })

  test('that are left when somebody presses Ctrl-C stay as they are', async () => {
    const { store, url } = await filled()
    const child = startWarren(['failures', 'discard', '--all', '--yes', '--store', url])
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (text: string) => (said += text))
    await expect
      .poll(async () => (await store.bulk.list({}))[0]?.done ?? 0, { interval: 10, timeout: 30_000 })
      .not.toBe(0)
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([130, null])
    const [bulk] = await store.bulk.list({})
    expect(bulk).toMatchObject({ state: 'cancelled', total: TOTAL })
    expect(said).toContain(`: discard is done for ${bulk!.done} of ${TOTAL} failures; the others stay`)
    const [left] = await store.failures.groups({})
    expect(left?.parked).toBe(TOTAL - bulk!.done)
  })
})

test('progress says how far it is, how fast, and how long it takes', () => {
  const bulk = { action: 'retry', done: 4_000, total: 10_000, pace: 2_000 } as const
  expect(progressLine(bulk, 80)).toBe('[████████░░░░░░░░░░░░]  40 %  retry 4000/10000  2000/s  3 s left')
  expect(progressLine({ ...bulk, pace: null }, 80)).toBe('[████████░░░░░░░░░░░░]  40 %  retry 4000/10000')
  expect(progressLine(bulk, 30)).toHaveLength(29)
})
