import { crc32 } from 'node:zlib'

/**
 * Into how many shares the events of a service are cut. Relays lease whole buckets, so this is also how many relays of
 * one service can be busy at once. Fixed: the bucket is stored with each pending event.
 */
export const BUCKETS = 32

/** All events of one entity fall into one bucket, so that one relay at a time sends them, in order. */
export function bucketOf(entityId: string): number {
  return crc32(entityId) % BUCKETS
}
