import { expect, it } from 'vitest'
import { parseInequivalence } from './inequivalence.ts'

it.each([
  [
    "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none",
    { argument: 'x-queue-type', current: null, wanted: 'quorum' },
  ],
  [
    "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'q' in vhost 'v': received '20' but current is '5'",
    { argument: 'x-delivery-limit', current: '5', wanted: '20' },
  ],
  [
    "PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue 'q' in vhost '/': received none but current is the value 'it's' of type 'longstr'",
    { argument: 'x-dead-letter-exchange', current: "it's", wanted: null },
  ],
  [
    "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'ex' in vhost '/': received 'topic' but current is 'fanout'",
    { argument: 'type', current: 'fanout', wanted: 'topic' },
  ],
  ["PRECONDITION_FAILED - invalid arg 'x-queue-mode' for queue 'q'", null],
])('reads the broker: %s', (text, expected) => {
  expect(parseInequivalence(text)).toEqual(expected)
})
