import { ClusterError } from '../errors.ts'
import { redactText } from '../redaction/redact.ts'
import { errorOf } from './answer.ts'
import { type ManagementCredentials, type ManagementEndpoint, managementEndpoints } from './endpoints.ts'
import type { ApiPath } from './path.ts'
import { exchange, type ManagementTls, type Reply } from './transport.ts'

export type ManagementMethod = 'GET' | 'PUT' | 'POST' | 'DELETE'

/** A request that is over, as an observer is told of it; without the body, which may hold a password. */
export interface ObservedRequest {
  readonly method: ManagementMethod
  /** Below `/api/`. */
  readonly path: string
  readonly endpoint: string
  /** Undefined when the endpoint did not answer. */
  readonly status: number | undefined
  readonly durationMs: number
}

export interface ManagementOptions {
  /** URLs of the management listeners: `http://n1:15672`. The first that answers serves, and goes on to. */
  readonly endpoints: readonly string[]
  /** For endpoints whose URL has none. */
  readonly credentials?: ManagementCredentials
  /** How long one endpoint may take to answer. Default 10,000. */
  readonly timeoutMs?: number
  readonly tls?: ManagementTls
  readonly onRequest?: (request: ObservedRequest) => void
}

export interface RequestOptions {
  readonly timeoutMs?: number
  /** `X-Reason` of a connection that is closed, for instance. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A typed client of the management API over one or several nodes. Every method throws MANAGEMENT_UNREACHABLE when no
 * endpoint answers, MANAGEMENT_REFUSED for 401 and 403, MANAGEMENT_NOT_FOUND for 404, MANAGEMENT_FORBIDDEN_OPERATION for 405
 * and MANAGEMENT_FAILED for other answers from 300 up; `details.status` has the status. What a node answered is final; only
 * one that does not answer is passed over. A POST that may have arrived is not sent again.
 */
export class ManagementClient {
  readonly #endpoints: readonly ManagementEndpoint[]
  readonly #timeoutMs: number
  readonly #tls: ManagementTls | undefined
  readonly #onRequest: ((request: ObservedRequest) => void) | undefined
  readonly #options: ManagementOptions
  /** The one that answered last. */
  #preferred = 0

  constructor(options: ManagementOptions) {
    this.#endpoints = managementEndpoints(options.endpoints, options.credentials)
    this.#timeoutMs = options.timeoutMs ?? 10_000
    this.#tls = options.tls
    this.#onRequest = options.onRequest
    this.#options = options
  }

  /** Without user names and passwords. */
  get endpoints(): readonly string[] {
    return this.#endpoints.map(({ url }) => url)
  }

  /** The one that answered last, or is asked first. */
  get endpoint(): string {
    return this.#endpoints[this.#preferred]?.url ?? ''
  }

  /** One client for each endpoint, for what a node says of itself alone. */
  each(): readonly ManagementClient[] {
    return this.#options.endpoints.map((endpoint) => new ManagementClient({ ...this.#options, endpoints: [endpoint] }))
  }

  /** The same endpoints, asked as somebody else. */
  as(credentials: ManagementCredentials): ManagementClient {
    return new ManagementClient({ ...this.#options, endpoints: this.endpoints, credentials })
  }

  async get<T = unknown>(path: ApiPath, options?: RequestOptions): Promise<T> {
    return (await this.request('GET', path, undefined, options)) as T
  }

  /** Undefined when there is no such thing (404). */
  async find<T = unknown>(path: ApiPath, options?: RequestOptions): Promise<T | undefined> {
    try {
      return await this.get<T>(path, options)
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'MANAGEMENT_NOT_FOUND') return undefined
      throw error
    }
  }

  async put<T = unknown>(path: ApiPath, body: unknown = {}, options?: RequestOptions): Promise<T> {
    return (await this.request('PUT', path, body, options)) as T
  }

  async post<T = unknown>(path: ApiPath, body: unknown = {}, options?: RequestOptions): Promise<T> {
    return (await this.request('POST', path, body, options)) as T
  }

  async delete(path: ApiPath, options?: RequestOptions & { readonly body?: unknown }): Promise<void> {
    await this.request('DELETE', path, options?.body, options)
  }

  /** The parsed answer, undefined when it has no body. */
  async request(
    method: ManagementMethod,
    path: ApiPath,
    body: unknown,
    options: RequestOptions = {},
  ): Promise<unknown> {
    const tried: { readonly endpoint: string; readonly reason: string }[] = []
    for (let offset = 0; offset < this.#endpoints.length; offset++) {
      const index = (this.#preferred + offset) % this.#endpoints.length
      const endpoint = this.#endpoints[index]
      if (endpoint === undefined) break
      let reply = await this.#send(endpoint, method, path, body, options)
      // The server may have closed an idle connection just when this request took it.
      if (reply.kind === 'unanswered' && reply.wasKept && method !== 'POST' && !reply.isLate) {
        reply = await this.#send(endpoint, method, path, body, options)
      }
      if (reply.kind === 'answered') {
        this.#preferred = index
        if (reply.status < 300) return parsed(reply.text, `${method} ${endpoint.url}/api/${path}`)
        throw errorOf({
          method,
          url: `${endpoint.url}/api/${path}`,
          status: reply.status,
          text: reply.text,
          sent: body,
        })
      }
      tried.push({ endpoint: endpoint.url, reason: reply.reason })
      if (method === 'POST' && reply.wasSent) break
    }
    const reasons = tried.map(({ endpoint, reason }) => `${endpoint}: ${reason}`).join('; ')
    throw new ClusterError(
      'MANAGEMENT_UNREACHABLE',
      redactText(
        `no node answered ${method} /api/${path} (${reasons}); is the management plugin on, and the port right?`,
      ),
      { method, path: redactText(path), tried },
    )
  }

  async #send(
    endpoint: ManagementEndpoint,
    method: ManagementMethod,
    path: ApiPath,
    body: unknown,
    options: RequestOptions,
  ): Promise<Reply> {
    const startedAt = performance.now()
    const reply = await exchange({
      url: new URL(`${endpoint.url}/api/${path}`),
      method,
      headers: {
        authorization: endpoint.authorization.reveal(),
        // POST /rebalance/queues serves text/plain only and answers 406 to who wants JSON alone.
        accept: '*/*',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
      tls: this.#tls,
    })
    this.#onRequest?.({
      method,
      path,
      endpoint: endpoint.url,
      status: reply.kind === 'answered' ? reply.status : undefined,
      durationMs: performance.now() - startedAt,
    })
    return reply
  }
}

function parsed(text: string, what: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    // Without the parser's error, which quotes the answer.
    throw new ClusterError(
      'MANAGEMENT_FAILED',
      `${redactText(what)} answered with something that is not JSON; is this a management endpoint?`,
      { text: redactText(text).slice(0, 200) },
    )
  }
}
