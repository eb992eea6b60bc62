import { createHash, randomBytes } from 'node:crypto'

const digests: Readonly<Record<string, string>> = {
  rabbit_password_hashing_sha256: 'sha256',
  rabbit_password_hashing_sha512: 'sha512',
  rabbit_password_hashing_md5: 'md5',
}

const SALT_BYTES = 4

/**
 * True when `hash`, which a broker has stored, is that of `password`: base64(salt ‖ digest(salt ‖ password)), with 4 bytes of
 * salt. False also for an algorithm that is not known.
 */
export function isPasswordOf(hash: string, password: string, algorithm: string): boolean {
  const digest = digests[algorithm]
  const stored = Buffer.from(hash, 'base64')
  if (digest === undefined || stored.length <= SALT_BYTES) return false
  return hashWith(stored.subarray(0, SALT_BYTES), password, digest).equals(stored)
}

/** A hash as brokers store it, with a salt of its own, for `{ hash: … }` in a spec. */
export function hashPassword(password: string, algorithm: string = 'rabbit_password_hashing_sha256'): string {
  return hashWith(randomBytes(SALT_BYTES), password, digests[algorithm] ?? 'sha256').toString('base64')
}

function hashWith(salt: Buffer, password: string, digest: string): Buffer {
  return Buffer.concat([salt, createHash(digest).update(salt).update(password, 'utf8').digest()])
}
