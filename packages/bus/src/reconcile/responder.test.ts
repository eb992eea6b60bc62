import { describe, expect, it } from 'vitest'
import type { LastAnswered } from '../store/contract/reconciliation.ts'
import { remembered } from './responder.ts'

const known: LastAnswered = {
  ...{ barrierId: 'b3', provenThroughMs: 300, rewindId: null, rewoundMs: null },
  ...{ heardId: 'b1', unheardIds: ['b2', 'b3'] },
}
const barrier = { id: 'b4', previousId: 'b2', rewindId: null, provenThroughMs: 400, activeFromMs: 100 }

describe('what a subscriber remembers of barriers', () => {
  it('is which were answered after the last one whose answer was heard', () => {
    const { last, rewoundMs } = remembered(barrier, known)
    expect(rewoundMs).toBeNull()
    expect(last).toEqual({
      ...{ barrierId: 'b4', provenThroughMs: 400, rewindId: null, rewoundMs: null },
      ...{ heardId: 'b2', unheardIds: ['b3', 'b4'] },
    })
  })

  it.each([
    ['nothing at all', null, 100],
    ['less than its publisher has heard of', { ...known, barrierId: 'b1', heardId: 'b0', unheardIds: ['b1'] }, 300],
    // It was asked before its publisher had heard the answer that is forgotten, and so could not show that it is.
    ['only a later one', { ...known, heardId: null, unheardIds: ['b3'] }, 300],
  ])('shows that its store was set back when it is %s', (_what, before: LastAnswered | null, rewoundMs) => {
    const first = remembered(barrier, before)
    expect(first).toMatchObject({ rewoundMs, last: { rewindId: 'b4', rewoundMs, provenThroughMs: rewoundMs } })
    // Told again until the publisher names it, and no other one is made of it.
    const again = remembered({ ...barrier, id: 'b5' }, first.last)
    expect(again).toMatchObject({ rewoundMs, last: { rewindId: 'b4' } })
    const after = remembered({ ...barrier, id: 'b6', previousId: 'b4', rewindId: 'b4' }, again.last)
    expect(after).toMatchObject({ rewoundMs: null, last: { rewindId: 'b4', rewoundMs } })
  })

  it('shows nothing when its publisher was set back and has heard less than before', () => {
    const { last, rewoundMs } = remembered({ ...barrier, previousId: 'b0' }, known)
    expect(rewoundMs).toBeNull()
    expect(last).toMatchObject({ heardId: 'b1', unheardIds: ['b2', 'b3', 'b4'] })
  })

  it('shows nothing to a publisher that has heard nothing yet', () => {
    expect(remembered({ ...barrier, previousId: null }, null).rewoundMs).toBeNull()
  })
})
