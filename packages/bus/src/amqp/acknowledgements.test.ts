import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Acknowledgements } from './acknowledgements.ts'

/** What a broker makes of the frames: open tags, and an error for a tag that is not open, which is a 406 there. */
class Broker {
  readonly open = new Set<number>()
  frames = 0

  readonly acknowledge = (tag: number, multiple: boolean): void => {
    this.frames++
    if (!this.open.has(tag)) throw new Error(`PRECONDITION_FAILED - unknown delivery tag ${tag}`)
    for (const each of [...this.open]) if (each === tag || (multiple && each < tag)) this.open.delete(each)
  }

  deliver(tags: number): void {
    for (let tag = 1; tag <= tags; tag++) this.open.add(tag)
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Lets process.nextTick() run, which cannot be faked here. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function setUp(deliveries: number, prefetch = 500): { broker: Broker; acknowledgements: Acknowledgements } {
  const broker = new Broker()
  broker.deliver(deliveries)
  return { broker, acknowledgements: new Acknowledgements({ send: broker.acknowledge, prefetch }) }
}

describe('acknowledgements', () => {
  it('sends a run in one frame, in whatever order it was settled', async () => {
    const { broker, acknowledgements } = setUp(50)
    for (let tag = 50; tag >= 1; tag--) acknowledgements.add(tag)
    await turn()
    expect([broker.frames, broker.open.size]).toEqual([1, 0])
  })

  it('says nothing of a message that is still open', async () => {
    const { broker, acknowledgements } = setUp(3)
    acknowledgements.add(1)
    acknowledgements.add(3)
    await turn()
    expect([...broker.open]).toEqual([2, 3])
    vi.advanceTimersByTime(20)
    expect([...broker.open]).toEqual([2])
    acknowledgements.add(2)
    await turn()
    expect(broker.open.size).toBe(0)
  })

  it('goes on with runs behind what went by itself, or was rejected', async () => {
    const { broker, acknowledgements } = setUp(50)
    acknowledgements.add(2)
    await turn()
    vi.advanceTimersByTime(20)
    acknowledgements.answered(4)
    broker.open.delete(4)
    expect(broker.frames).toBe(1)
    for (const tag of broker.open) acknowledgements.add(tag)
    await turn()
    expect([broker.frames, broker.open.size]).toEqual([2, 0])
  })

  it('holds back no more than half of what the broker lets be open', async () => {
    const { broker, acknowledgements } = setUp(2, 2)
    acknowledgements.add(2)
    await turn()
    expect([...broker.open]).toEqual([1, 2])
    const one = setUp(2, 1)
    one.acknowledgements.add(2)
    await turn()
    expect([...one.broker.open]).toEqual([1])
  })

  it('never speaks of what is open or of a tag twice, and in the end of all', async () => {
    const settlement = fc.record({
      order: fc.shuffledSubarray(
        Array.from({ length: 40 }, (_, index) => index + 1),
        { minLength: 40 },
      ),
      rejected: fc.uniqueArray(fc.integer({ min: 1, max: 40 })),
      pausesMs: fc.array(fc.constantFrom(0, 1, 25), { minLength: 40, maxLength: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(settlement, fc.integer({ min: 1, max: 80 }), async ({ order, rejected, pausesMs }, prefetch) => {
        const { broker, acknowledgements } = setUp(40, prefetch)
        const unsettled = new Set(order)
        for (const [index, tag] of order.entries()) {
          unsettled.delete(tag)
          if (rejected.includes(tag)) {
            broker.open.delete(tag)
            acknowledgements.answered(tag)
          } else acknowledgements.add(tag)
          vi.advanceTimersByTime(pausesMs[index] ?? 0)
          if (pausesMs[index] !== 0) await turn()
          for (const open of unsettled) expect(broker.open.has(open)).toBe(true)
        }
        await turn()
        vi.advanceTimersByTime(20)
        expect(broker.open.size).toBe(0)
      }),
    )
  })
})
