import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as z from 'zod'
import { ClusterError } from '../errors.ts'
import { Secret } from '../redaction/secret.ts'

/** Where a password is; in a spec there is never the password itself. */
export type PasswordSpec =
  { readonly env: string } | { readonly file: string } | { readonly hash: string; readonly algorithm?: string }

/** A password that was fetched, or the hash that the broker is to store. */
export type UserPassword =
  | { readonly kind: 'password'; readonly password: Secret }
  | { readonly kind: 'hash'; readonly hash: Secret; readonly algorithm: string }

const algorithms = [
  'rabbit_password_hashing_sha256',
  'rabbit_password_hashing_sha512',
  'rabbit_password_hashing_md5',
] as const

export const passwordSchema: z.ZodType<PasswordSpec> = z.union(
  [
    z.strictObject({ env: z.string().min(1).describe('The environment variable that holds it.') }),
    z.strictObject({
      file: z
        .string()
        .min(1)
        .describe('The file that holds it, relative to the spec; a line end at the end does not count.'),
    }),
    z.strictObject({
      hash: z.base64().min(8).describe('As `GET /api/users` tells it: base64 of salt and digest.'),
      algorithm: z.enum(algorithms).exactOptional().describe('Default `rabbit_password_hashing_sha256`.'),
    }),
  ],
  { error: 'a password is never written into a spec: it must be { env: NAME }, { file: PATH } or { hash: TEXT }' },
)

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** What files are relative to. */
  readonly folder: string
}

/** Fetches a password. Throws SPEC_SECRET_MISSING, which names the user and the source and holds no secret. */
export async function fetchPassword(
  user: string,
  spec: PasswordSpec,
  { env, folder }: SecretSources,
): Promise<UserPassword> {
  if ('hash' in spec) {
    const algorithm = spec.algorithm ?? 'rabbit_password_hashing_sha256'
    return { kind: 'hash', hash: new Secret(spec.hash), algorithm }
  }
  if ('env' in spec) {
    const password = env[spec.env] ?? ''
    if (password === '') throw missing(user, `the environment variable ${spec.env} is not set`)
    return { kind: 'password', password: new Secret(password) }
  }
  const text = await readFile(resolve(folder, spec.file), 'utf8').catch((error: unknown) => {
    throw missing(user, `the file ${spec.file} cannot be read`, error)
  })
  const password = text.replace(/\r?\n$/, '')
  if (password === '') throw missing(user, `the file ${spec.file} is empty`)
  return { kind: 'password', password: new Secret(password) }
}

function missing(user: string, why: string, cause?: unknown): ClusterError {
  return new ClusterError('SPEC_SECRET_MISSING', `there is no password for the user "${user}": ${why}`, { user }, cause)
}
