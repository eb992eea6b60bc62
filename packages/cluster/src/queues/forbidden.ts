import { ClusterError, isClusterError } from '../errors.ts'

/**
 * Makes a request that operators of brokers switch off, and says what it means when it is: `doing` as in "add members",
 * `instead` what the person can do. Throws what the request throws.
 */
export async function unlessForbidden<T>(doing: string, instead: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (!isClusterError(error, 'MANAGEMENT_FORBIDDEN_OPERATION')) throw error
    throw new ClusterError(
      'MANAGEMENT_FORBIDDEN_OPERATION',
      `whoever runs this broker lets nobody ${doing} over HTTP (405), as managed brokers do; nothing is wrong with the queue, and no other one was tried. ${instead}`,
      error.details,
      error,
    )
  }
}
