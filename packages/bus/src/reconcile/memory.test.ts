import { expect, it } from 'vitest'
import { Memories } from './memory.ts'

const subscription = 'order.crm'
const knowing = (id: string | null) => ({ subscription, barrier: id === null ? null : { id, sentMs: 0 } })

it('takes the answer to each barrier that was sent once, and to none before one that was answered', () => {
  const memories = new Memories()
  for (const id of ['1', '2', '3']) memories.asked(subscription, id)
  expect(memories.takes(knowing('3'), '2')).toBe(true)
  expect(memories.takes(knowing('3'), '2')).toBe(false)
  expect(memories.takes(knowing('3'), '1')).toBe(false)
  expect(memories.takes(knowing('3'), '3')).toBe(true)
})

it('takes no answer that another reconciler has asked for', () => {
  expect(new Memories().takes(knowing('1'), '1')).toBe(false)
})

it.each(['another has asked since', 'the store was set back'])('forgets what is under way when %s', (what) => {
  const memories = new Memories()
  for (const id of ['2', '3']) memories.asked(subscription, id)
  const memory = memories.of(subscription)
  memory.details = [{ fromMs: 0, toMs: 1, minuteMs: null, readMs: 0 }]
  memory.mustDeclare = true
  const proof = knowing(what === 'the store was set back' ? '1' : '4')
  expect(memories.takes(proof, '3')).toBe(false)
  expect(memories.recall(proof)).toEqual({ lastAskedId: null, asked: [], details: [], mustDeclare: true })
})

it('begins with nothing for a subscription that was never asked', () => {
  const memories = new Memories()
  expect(memories.takes(knowing(null), '1')).toBe(false)
  memories.asked(subscription, '1')
  expect(memories.takes(knowing('1'), '1')).toBe(true)
})
