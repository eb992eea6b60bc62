import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import type { FailureError } from '../store/store.ts'

const MAX_MESSAGE_CHARACTERS = 2_000
const MAX_STACK_CHARACTERS = 8_000

/**
 * Describes an error for the failure row. Errors of the same type that were thrown at the same place of the service's own code share
 * a fingerprint, whatever ids their messages hold.
 */
export function describeError(error: unknown): FailureError {
  const known =
    error instanceof Error ? error : new Error(`a value was thrown that is no Error: ${inspect(error, { depth: 2 })}`)
  const type = known.constructor.name === 'Error' ? known.name : known.constructor.name
  const stack = known.stack ?? ''
  const frame = firstOwnFrame(stack)
  const code: unknown = Reflect.get(known, 'code')
  return {
    code: typeof code === 'string' && code !== '' ? code.slice(0, 100) : 'HANDLER_FAILED',
    type,
    message: known.message.slice(0, MAX_MESSAGE_CHARACTERS),
    stack: stack.slice(0, MAX_STACK_CHARACTERS),
    fingerprint: createHash('sha256')
      .update(`${type}\n${frame ?? known.message}`)
      .digest('hex')
      .slice(0, 12),
  }
}

/** The first frame outside Node and installed packages, without line and column, which move with every edit. */
export function firstOwnFrame(stack: string): string | undefined {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const own = frames.find((frame) => !/node:|node_modules|[\\/]packages[\\/]bus[\\/]src[\\/]/.test(frame))
  return (own ?? frames[0])?.trim().replace(/:\d+:\d+\)?$/, '')
}
