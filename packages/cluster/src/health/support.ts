import { isAtLeast } from '../management/version.ts'

/**
 * The newest series that this Warren knows of. By COMMUNITY_SUPPORT.md of rabbitmq-server patches are made for the newest
 * minor series alone; whoever pays for support has longer.
 */
export const NEWEST_SERIES = '4.3'

/** True for a version whose series gets no more patches for everybody. */
export function isOutOfSupport(version: string): boolean {
  return !isAtLeast(version, NEWEST_SERIES)
}
