import * as z from 'zod'
import { api } from '../management/path.ts'
import { Secret } from '../redaction/secret.ts'
import type { DefinedUser } from '../snapshot/definitions.ts'
import type { PasswordSpec } from '../spec/password.ts'
import { passwordSchema, type UserPassword } from '../spec/password.ts'
import type { ResourceKind } from './kind.ts'
import { isPasswordOf } from './password-hash.ts'
import { type Change, isSame } from './value.ts'

export interface UserSpec {
  readonly tags?: readonly string[]
  /** From the environment, a file, or as the hash that a broker has stored; never as it is. */
  readonly password?: PasswordSpec
  readonly limits?: UserLimits
}

export interface UserLimits {
  readonly 'max-connections'?: number
  readonly 'max-channels'?: number
}

export interface UserSection {
  readonly users?: Readonly<Record<string, UserSpec>>
}

export interface UserValue {
  readonly tags: readonly string[]
  /** Undefined in a spec that leaves it to others, as with LDAP or certificates. */
  readonly password: UserPassword | undefined
}

const limit = z.int().min(-1).exactOptional()

const schema: z.ZodType<UserSpec> = z.strictObject({
  tags: z
    .array(z.string().regex(/^[^,\s]+$/))
    .exactOptional()
    .describe('`administrator`, `monitoring`, `policymaker`, `management`, or your own.'),
  password: passwordSchema.exactOptional().describe('`{ env: NAME }`, `{ file: PATH }` or `{ hash: TEXT }`.'),
  limits: z
    .strictObject({
      'max-connections': limit.describe('Connections at most; -1 for no limit.'),
      'max-channels': limit.describe('Channels at most; -1 for no limit.'),
    })
    .exactOptional()
    .describe('What the user may have at one time.'),
})

export const userKind: ResourceKind<UserValue> = {
  kind: 'user',
  section: { at: 'cluster', name: 'users', schema: z.record(z.string().min(1), schema).describe('Users by name.') },
  *wanted({ spec, passwords }) {
    for (const [name, { tags = [] }] of Object.entries(spec.users ?? {})) {
      yield { name, value: { tags: tags.toSorted(), password: passwords.get(name) } }
    }
  },
  *found({ definitions }) {
    for (const user of definitions.users) yield { name: user.name, value: foundValue(user) }
  },
  changes(found, wanted) {
    const tags: Change[] = isSame(found.tags, wanted.tags)
      ? []
      : [{ path: 'tags', before: found.tags, after: wanted.tags }]
    const { password } = wanted
    if (password === undefined || isStored(found.password, password)) return tags
    return [...tags, { path: 'password', before: '***', after: '***' }]
  },
  async put({ client }, { name, value }, found) {
    await client.put(api`users/${name}`, {
      tags: value.tags.join(','),
      ...credentials(value.password, found?.value.password),
    })
  },
  async remove({ client }, { name }) {
    await client.delete(api`users/${name}`)
  },
}

function isStored(stored: UserPassword | undefined, wanted: UserPassword): boolean {
  if (stored?.kind !== 'hash') return false
  if (wanted.kind === 'hash') return wanted.hash.reveal() === stored.hash.reveal()
  return isPasswordOf(stored.hash.reveal(), wanted.password.reveal(), stored.algorithm)
}

/**
 * Without a password and a hash a PUT clears the password; with a password it makes a new salt. So what is stored is sent
 * again unless it has to change.
 */
function credentials(
  wanted: UserPassword | undefined,
  stored: UserPassword | undefined,
): Readonly<Record<string, string>> {
  const chosen = wanted === undefined || isStored(stored, wanted) ? stored : wanted
  // An empty hash is a user that cannot log in with a password.
  if (chosen === undefined) return { password_hash: '' }
  if (chosen.kind === 'password') return { password: chosen.password.reveal() }
  return { password_hash: chosen.hash.reveal(), hashing_algorithm: chosen.algorithm }
}

function foundValue({ tags, password_hash, hashing_algorithm }: DefinedUser): UserValue {
  const list = typeof tags === 'string' ? tags.split(',').filter((tag) => tag !== '') : tags
  return { tags: list.toSorted(), password: storedPassword(password_hash, hashing_algorithm) }
}

function storedPassword(hash: string, algorithm = 'rabbit_password_hashing_sha256'): UserPassword {
  return { kind: 'hash', hash: new Secret(hash), algorithm }
}
