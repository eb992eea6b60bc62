import { describe, expect, it } from 'vitest'
import { withDeadline } from './deadline.ts'

describe('withDeadline', () => {
  it('gives the result of work that is quick enough', async () => {
    await expect(withDeadline(1_000, 'it', () => 5)).resolves.toBe(5)
  })

  it('aborts the signal and rejects when the time is up, without waiting for the work', async () => {
    let aborted: AbortSignal | undefined
    const hanging = withDeadline(5, 'the handler', (signal) => {
      aborted = signal
      return new Promise<never>(() => undefined)
    })
    await expect(hanging).rejects.toMatchObject({ code: 'HANDLER_TIMEOUT' })
    expect(aborted?.aborted).toBe(true)
  })

  it('passes on what the work throws, also when it throws at once', async () => {
    const failing = withDeadline(1_000, 'it', () => {
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
  })
})
