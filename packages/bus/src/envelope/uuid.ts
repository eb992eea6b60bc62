import { randomBytes, randomFillSync } from 'node:crypto'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

// A clock that was set back by more than this is followed; less is ridden out, so that ids keep growing.
const TOLERATED_STEP_BACK_MS = 10_000
const COUNTER_END = 0x1000

const randomPool = Buffer.allocUnsafe(10 * 512)
let poolOffset = randomPool.length

let lastMs = 0
let counter = 0

/**
 * A new UUIDv7 (RFC 9562): 48 bits of Unix time in milliseconds, a 12 bit counter, 62 random bits. Each id of one process
 * is greater than the one before, as text and as bytes, unless the clock was set back by more than 10 s.
 *
 * Node's own crypto.randomUUIDv7() (from 24.16) is random within one millisecond: two events of one entity would be
 * relayed, by id, in either order.
 */
export function newId(nowMs: number = Date.now()): string {
  if (poolOffset === randomPool.length) {
    randomFillSync(randomPool)
    poolOffset = 0
  }
  const random = randomPool.toString('hex', poolOffset, poolOffset + 10)
  const seed = randomPool.readUInt16BE(poolOffset) & 0x7ff
  const variant = 0x8 | ((randomPool.readUInt8(poolOffset + 2) >> 4) & 0x3)
  poolOffset += 10

  if (nowMs > lastMs || nowMs < lastMs - TOLERATED_STEP_BACK_MS) {
    lastMs = nowMs
    // Starts in the lower half, so that at least 2,048 ids fit into the millisecond.
    counter = seed
  } else {
    counter += 1
    if (counter === COUNTER_END) {
      lastMs += 1
      counter = seed
    }
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const sequence = counter.toString(16).padStart(3, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-${variant.toString(16)}${random.slice(5, 8)}-${random.slice(8)}`
}

/** A UUIDv7 of this very time, whatever was made before: whoever wants an order gives times that grow. */
export function newIdAt(atMs: number): string {
  const random = randomBytes(10).toString('hex')
  const variant = (0x8 | (Number.parseInt(random.slice(3, 4), 16) & 0x3)).toString(16)
  const time = atMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`
}

/** True for a UUID of any version in lower case, the only form Warren writes. */
export function isUuid(value: unknown): boolean {
  return typeof value === 'string' && UUID.test(value)
}

/** The time in a UUIDv7, null for any other version and for what is no UUID. */
export function uuidTime(id: string): Date | null {
  if (!isUuid(id) || id[14] !== '7') return null
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}
