import { expect, test } from 'vitest'
import { hasStarted } from './node.ts'

const start = '2026-11-25 22:36:41.1+00:00 [info] <0.209.0>  Starting RabbitMQ 4.3.6 on Erlang 29\n'
const end = '2026-11-25 22:36:43.4+00:00 [info] <0.799.0> Server startup complete; 3 plugins started.\n'

test.each([
  ['a first start under way', start, false],
  ['a first start', start + end, true],
  ['a second start under way', start + end + start, false],
  ['a second start', start + end + start + end, true],
  ['errors only', '2026-11-25 22:36:43.4+00:00 [error] <0.1.0> disk full\n', true],
])('%s', (_, log, expected) => {
  expect(hasStarted(log)).toBe(expected)
})
