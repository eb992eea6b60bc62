import { ClusterError } from '@warren/cluster'
import { expect, test } from 'vitest'
import { exitCodeOf, exitCodes } from './exit-codes.ts'

test('a vhost or a queue that the broker does not have is missing, as a file is', () => {
  expect(exitCodeOf(new ClusterError('MANAGEMENT_NOT_FOUND', 'no vhost "nope"'))).toBe(exitCodes.missing)
  expect(exitCodeOf(new ClusterError('MANAGEMENT_FAILED', 'not now'))).toBe(exitCodes.error)
})
