import type { Logger } from '@warren/bus'
import * as client from 'openid-client'
import { MonitorError } from '../../errors.ts'
import type { Identity } from '../sessions.ts'
import { identityOf, isEnough } from './identity.ts'
import type { Claims } from './identity.ts'
import type { OidcSettings } from './options.ts'
import { PendingLogins } from './pending.ts'
import { loginError, troubleOf } from './trouble.ts'

/** What a provider says of itself changes with its versions: endpoints, ways to name oneself. */
const REDISCOVER_MS = 3_600_000
const TIMEOUT_S = 10
/** Its clock and ours. */
const CLOCK_TOLERANCE_S = 30

export interface BegunLogin {
  /** At the provider. */
  readonly url: URL
  readonly state: string
  /** For the cookie of the browser that begins it. */
  readonly secret: string
}

export interface FinishedLogin {
  readonly identity: Identity
  readonly to: string
}

/**
 * The authorization code flow with PKCE, state and nonce. The provider is asked what it is when somebody logs in, so that it may be
 * away when the page starts.
 */
export class OidcProvider {
  readonly #settings: OidcSettings
  readonly #logger: Logger
  readonly #pending = new PendingLogins()
  #discovered: { readonly atMs: number; readonly configuration: Promise<client.Configuration> } | null = null
  #known: client.Configuration | null = null

  constructor(settings: OidcSettings, logger: Logger) {
    this.#settings = settings
    this.#logger = logger
  }

  get name(): string {
    return this.#settings.name
  }

  /** Says in the log when the provider cannot be used, before anybody tries. */
  async look(): Promise<void> {
    await this.#configuration().catch(() => undefined)
  }

  /** Throws LOGIN_UNAVAILABLE. */
  async begin(redirectUri: string, to: string): Promise<BegunLogin> {
    const configuration = await this.#configuration()
    const [state, nonce, codeVerifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()]
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.#settings.scopes.join(' '),
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    })
    return { url, state, secret: this.#pending.add(state, { nonce, codeVerifier, to }) }
  }

  /**
   * `url` is where the provider has sent the browser. Throws LOGIN_EXPIRED, LOGIN_CANCELLED, LOGIN_UNAVAILABLE, LOGIN_FAILED,
   * and ACCESS_DENIED; all but the first as a FailedLogin, which knows where the reader was.
   */
  async finish(url: URL, secret: string | undefined): Promise<FinishedLogin> {
    const state = url.searchParams.get('state') ?? ''
    const pending = this.#pending.take(state, secret)
    if (pending === null)
      throw new MonitorError('LOGIN_EXPIRED', 400, 'no login with this state is under way in this browser')
    const { nonce, codeVerifier, to } = pending
    try {
      const configuration = await this.#configuration()
      const tokens = await client.authorizationCodeGrant(configuration, url, {
        ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true },
      })
      const claims = tokens.claims()
      if (claims === undefined) throw loginError({ code: 'LOGIN_FAILED', reason: 'there is no ID token' })
      const said = [claims, ...(await this.#more(configuration, tokens.access_token, claims.sub, claims))]
      return { identity: identityOf(claims.sub, said, this.#settings), to }
    } catch (error) {
      throw new FailedLogin(this.#told(error), to)
    }
  }

  /** Where the provider logs somebody out; null where it does not, or is not meant to. */
  logoutUrl(backTo: string): string | null {
    if (!this.#settings.logsOutAtProvider || this.#known === null) return null
    if (this.#known.serverMetadata().end_session_endpoint === undefined) return null
    // Without the ID token as a hint, which would stand in the address: the provider asks the person instead.
    return client.buildEndSessionUrl(this.#known, { post_logout_redirect_uri: backTo }).href
  }

  async #more(
    configuration: client.Configuration,
    accessToken: string,
    subject: string,
    claims: Claims,
  ): Promise<readonly Claims[]> {
    if (isEnough(claims, this.#settings)) return []
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return []
    return [await client.fetchUserInfo(configuration, accessToken, subject)]
  }

  async #configuration(): Promise<client.Configuration> {
    if (this.#discovered === null || Date.now() - this.#discovered.atMs > REDISCOVER_MS)
      this.#discovered = { atMs: Date.now(), configuration: this.#discover() }
    const discovered = this.#discovered
    try {
      this.#known = await discovered.configuration
      return this.#known
    } catch (error) {
      // The next one tries again. All who wait for this one are told by the same error, and the first of them clears the way.
      if (this.#discovered === discovered) this.#discovered = null
      throw error
    }
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings
    try {
      return await client.discovery(issuer, clientId, { [client.clockTolerance]: CLOCK_TOLERANCE_S }, this.#auth(), {
        timeout: TIMEOUT_S,
        // The library trusts TLS for the ID token unless it is told to check the signature as well.
        execute: [
          client.enableNonRepudiationChecks,
          // Of this machine alone, by the check of the options.
          // eslint-disable-next-line @typescript-eslint/no-deprecated
          ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []),
        ],
      })
    } catch (error) {
      // Whatever it is: what does not say what it is cannot be used now.
      const { reason } = troubleOf(error)
      const hint = clientSecret === null ? 'without a secret' : 'with a secret'
      this.#logger.warn({ issuer: issuer.href, clientId, reason }, `nobody can log in at the provider (client ${hint})`)
      throw new MonitorError('LOGIN_UNAVAILABLE', 503, `${this.name} cannot be used: ${reason}`)
    }
  }

  #auth(): client.ClientAuth {
    const { clientSecret, clientAuth } = this.#settings
    if (clientSecret === null) return client.None()
    const [basic, post] = [client.ClientSecretBasic(clientSecret), client.ClientSecretPost(clientSecret)]
    return (server, ...rest) => {
      // Left out by a provider, it means basic alone.
      const takesBasic = server.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true
      const isBasic = clientAuth === null ? takesBasic : clientAuth === 'basic'
      const authenticate = isBasic ? basic : post
      authenticate(server, ...rest)
    }
  }

  #told(error: unknown): MonitorError {
    const told = error instanceof MonitorError ? error : loginError(troubleOf(error))
    this.#logger.warn(
      { issuer: this.#settings.issuer.href, code: told.code, reason: told.message },
      'a login has failed',
    )
    return told
  }
}

/** A login that was under way, and came to nothing. */
export class FailedLogin extends Error {
  readonly error: MonitorError
  /** Where the reader was. */
  readonly to: string

  constructor(error: MonitorError, to: string) {
    super(error.message)
    this.name = 'FailedLogin'
    this.error = error
    this.to = to
  }
}
