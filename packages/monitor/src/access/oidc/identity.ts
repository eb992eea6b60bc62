import { MonitorError } from '../../errors.ts'
import type { Identity } from '../sessions.ts'
import type { OidcSettings } from './options.ts'

export type Claims = Readonly<Record<string, unknown>>

const MOST_NAME_CHARACTERS = 255
const nameClaims = ['preferred_username', 'email', 'name']

/** Whether the ID token alone says all that is needed; what it does not is asked of the provider. */
export function isEnough(claims: Claims, { roleClaim }: Pick<OidcSettings, 'roleClaim'>): boolean {
  return claimAt(claims, roleClaim) !== undefined && nameIn([claims]) !== null
}

/**
 * Who that is, by what the provider says: of the first that has it. Throws ACCESS_DENIED for whom none of the values is said
 * of: who is known there is not by that let in here.
 */
export function identityOf(
  subject: string,
  said: readonly Claims[],
  { roleClaim, operatorValues, viewerValues }: Pick<OidcSettings, 'roleClaim' | 'operatorValues' | 'viewerValues'>,
): Identity {
  const name = nameIn(said) ?? subject
  // People can choose names for themselves at many providers, also that of somebody else; the subject nobody can.
  const actor = name === subject ? `oidc:${subject}` : `oidc:${name} (${subject})`
  const values = textsIn(said.map((claims) => claimAt(claims, roleClaim)).find((value) => value !== undefined))
  const has = (wanted: readonly string[]): boolean => wanted.some((value) => values.includes(value))
  const role = has(operatorValues) ? 'operator' : has(viewerValues) ? 'viewer' : null
  if (role === null) {
    throw new MonitorError(
      'ACCESS_DENIED',
      403,
      `nothing in the claim "${roleClaim}" of ${actor} makes a viewer or an operator`,
    )
  }
  return { actor, name, role }
}

/** A claim can have dots in its own name: `https://example.com/roles`. */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Claims)[key]
  }
  return value
}

function textsIn(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.filter((each) => typeof each === 'string')
}

function nameIn(said: readonly Claims[]): string | null {
  const texts = nameClaims.flatMap((claim) => said.map((claims) => claims[claim]))
  return (texts.find((text) => typeof text === 'string' && isName(text)) as string | undefined) ?? null
}

/** Something that a store takes, and that stays on its line in a log. */
function isName(text: string): boolean {
  return text.trim() !== '' && text.length <= MOST_NAME_CHARACTERS && !/\p{C}/u.test(text)
}
