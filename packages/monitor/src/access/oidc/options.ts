import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { MonitorError } from '../../errors.ts'
import { isLoopback } from '../loopback.ts'

/** An OpenID provider whose people log in: Keycloak, Entra ID, Okta, … */
export interface OidcLogin {
  /** As the provider calls itself: `https://id.example.com/realms/shop`. Another scheme than https is for loopback alone. */
  readonly issuer: string
  readonly clientId: string
  /** Default: none, of a client that the provider calls public. PKCE is used either way. */
  readonly clientSecret?: string
  /** A file with the secret, read once at the start. */
  readonly clientSecretFile?: string
  /** How the secret is sent: in a header, or in the body. Default: `basic` where the provider says that it takes it. */
  readonly clientAuth?: 'basic' | 'post'
  /** What the button calls the provider. Default: the host of the issuer. */
  readonly name?: string
  /** Default: `openid`, `profile`, `email`. */
  readonly scopes?: readonly string[]
  /** The claim that says who may: `groups`, or a way to it, as `realm_access.roles`. Default `groups`. */
  readonly roleClaim?: string
  /** Values of that claim that make an operator. */
  readonly operatorValues?: readonly string[]
  /** Values that make a viewer. Who has none of either is not let in. */
  readonly viewerValues?: readonly string[]
  /**
   * Logging out here leads to the provider, to be logged out there as well, where it has a page for that. It must know
   * `…/login` of the page as a place to come back to. Default false.
   */
  readonly logsOutAtProvider?: boolean
}

export interface OidcSettings {
  readonly issuer: URL
  readonly clientId: string
  readonly clientSecret: string | null
  readonly clientAuth: 'basic' | 'post' | null
  readonly name: string
  readonly scopes: readonly string[]
  readonly roleClaim: string
  readonly operatorValues: readonly string[]
  readonly viewerValues: readonly string[]
  readonly logsOutAtProvider: boolean
}

const texts = z.array(z.string().min(1))
const optionsSchema = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1).optional(),
  clientSecretFile: z.string().min(1).optional(),
  clientAuth: z.enum(['basic', 'post']).optional(),
  name: z.string().min(1).max(100).optional(),
  scopes: texts.default(['openid', 'profile', 'email']),
  roleClaim: z.string().min(1).default('groups'),
  operatorValues: texts.default([]),
  viewerValues: texts.default([]),
  logsOutAtProvider: z.boolean().default(false),
})

/** Throws OPTION_INVALID for what can let nobody in, or would send the secret in the clear. No value is in the error. */
export async function oidcSettings(options: OidcLogin): Promise<OidcSettings> {
  const parsed = optionsSchema.safeParse(options)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(['oidc', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'not as described')
  }
  const { clientSecret, clientSecretFile, clientAuth = null, ...rest } = parsed.data
  const issuer = new URL(rest.issuer)
  if (issuer.protocol !== 'https:' && !isLoopback(issuer.hostname.replace(/^\[|\]$/g, '')))
    throw invalid('oidc.issuer', 'it must begin with https, unless it is on this machine')
  if (rest.operatorValues.length + rest.viewerValues.length === 0) {
    throw invalid(
      'oidc.operatorValues',
      `nobody could log in: name values of the claim "${rest.roleClaim}" that make an operator, or viewerValues`,
    )
  }
  if (!rest.scopes.includes('openid')) throw invalid('oidc.scopes', '"openid" is missing: without it nobody is named')
  if (clientSecret !== undefined && clientSecretFile !== undefined)
    throw invalid('oidc.clientSecretFile', 'there is a clientSecret as well: which of them is it?')
  return {
    ...{ ...rest, issuer, clientAuth, name: rest.name ?? issuer.host },
    clientSecret: clientSecretFile === undefined ? (clientSecret ?? null) : await secretIn(clientSecretFile),
  }
}

async function secretIn(file: string): Promise<string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw invalid('oidc.clientSecretFile', `${file} cannot be read (${code})`)
  }
  const secret = text.trim()
  if (secret === '') throw invalid('oidc.clientSecretFile', `${file} is empty`)
  return secret
}

function invalid(option: string, why: string): MonitorError {
  return new MonitorError('OPTION_INVALID', 500, `login.${option}: ${why}`)
}
