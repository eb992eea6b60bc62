import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { WarrenConfig } from './config.ts'
import { CliError } from './errors.ts'
import { exists } from './exists.ts'

export interface LoadedConfig {
  readonly file: string
  /** What relative paths in it are relative to. */
  readonly folder: string
  readonly config: WarrenConfig
}

const fileNames = ['warren.config.ts', 'warren.config.js', 'warren.config.mjs']

/**
 * The configuration in `file`, else in the first warren.config.{ts,js,mjs} from `cwd` upwards; null when there is none.
 * Throws CONFIG_NOT_FOUND for a `file` that is not there, CONFIG_INVALID for one that cannot be loaded.
 */
export async function loadConfig(cwd: string, file: string | undefined): Promise<LoadedConfig | null> {
  if (file !== undefined) {
    const named = resolve(cwd, file)
    if (!(await exists(named))) throw new CliError('CONFIG_NOT_FOUND', `there is no ${named}, which --config names`)
    return load(named)
  }
  const found = await findUpwards(cwd)
  return found === null ? null : load(found)
}

async function findUpwards(from: string): Promise<string | null> {
  for (let folder = from; ; folder = dirname(folder)) {
    for (const name of fileNames) {
      if (await exists(join(folder, name))) return join(folder, name)
    }
    if (dirname(folder) === folder) return null
  }
}

async function load(file: string): Promise<LoadedConfig> {
  let loaded: unknown
  try {
    loaded = await import(pathToFileURL(file).href)
  } catch (error) {
    throw invalid(file, `it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  const exported: unknown = isObject(loaded) ? loaded['default'] : undefined
  return { file, folder: dirname(file), config: checked(file, exported) }
}

/** A JavaScript configuration has no compiler behind it. */
function checked(file: string, value: unknown): WarrenConfig {
  if (!isObject(value)) throw invalid(file, 'it has no default export; write `export default defineConfig({ … })`')
  const { service, catalog, subscriptions, stores, endpoints, monitor } = value
  if (service !== undefined && typeof service !== 'string') throw invalid(file, '"service" is not a text')
  if (catalog !== undefined && !(isObject(catalog) && Array.isArray(catalog['events']))) {
    throw invalid(file, '"catalog" is not what catalog(…) of @warren/bus makes')
  }
  if (subscriptions !== undefined && !isRecordOf(subscriptions, isTexts)) {
    throw invalid(file, '"subscriptions" are lists of patterns by name, as in { "order.crm": ["order.#"] }')
  }
  if (stores !== undefined && !isRecordOf(stores, (url) => url === undefined || typeof url === 'string')) {
    throw invalid(file, '"stores" are URLs by name, as in { orders: "sqlite:./orders.db" }')
  }
  if (endpoints !== undefined && !Array.isArray(endpoints)) throw invalid(file, '"endpoints" is not a list of URLs')
  checkMonitor(file, monitor)
  return value
}

function checkMonitor(file: string, monitor: unknown): void {
  if (monitor === undefined) return
  const given = isObject(monitor) ? monitor : { mask: monitor }
  const { mask = [], tokens = [], login = {}, traceUrl = '', clusters = {} } = given
  if (!isTexts(mask)) throw invalid(file, '"monitor.mask" is a list of paths, as in ["**.cardNumber"]')
  if (!(Array.isArray(tokens) && tokens.every(isToken))) {
    throw invalid(
      file,
      '"monitor.tokens" are { name, role, sha256 }: the role is metrics, viewer or operator, the token its SHA-256 in hexadecimal',
    )
  }
  if (typeof traceUrl !== 'string') throw invalid(file, '"monitor.traceUrl" is no text')
  if (!isLogin(login)) {
    throw invalid(
      file,
      '"monitor.login" is { oidc, rabbitmq, token }: a provider, the name of a cluster, and false for what nobody logs in with',
    )
  }
  if (!isRecordOf(clusters, isObject)) {
    throw invalid(file, '"monitor.clusters" are clusters by name, as in { main: { endpoints: ["http://n1:15672"] } }')
  }
  for (const [name, cluster] of Object.entries(clusters as Readonly<Record<string, object>>)) {
    const problem = problemOf({ ...cluster })
    if (problem !== null) throw invalid(file, `"monitor.clusters.${name}" ${problem}`)
  }
}

/** What is wrong with a cluster; null: nothing. No value is in it: one of them is a password. */
function problemOf({ endpoints, credentials, tls, vhost, timeoutMs, ...others }: Readonly<Record<string, unknown>>) {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return `has "${unknown}": it knows endpoints, credentials, tls, vhost and timeoutMs`
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string'
  if (!Array.isArray(endpoints) || endpoints.length === 0 || !endpoints.every(isText))
    return 'needs "endpoints", a list of URLs such as http://n1:15672'
  if (credentials !== undefined && !(isRecordOf(credentials, isText) && hasOnly(credentials, ['username', 'password'])))
    return 'has "credentials" that are not { username, password }'
  if (tls !== undefined && !(isRecordOf(tls, isText) && hasOnly(tls, ['ca', 'cert', 'key', 'servername'])))
    return 'has "tls" that is not { ca, cert, key, servername }'
  if (vhost !== undefined && (typeof vhost !== 'string' || vhost === '')) return 'has a "vhost" that is no name'
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0))
    return 'has a "timeoutMs" that is no number above 0'
  return null
}

/** What a provider needs, the page says itself. */
function isLogin(value: unknown): boolean {
  if (!isObject(value)) return false
  const { oidc, rabbitmq, token } = value
  const isOff = (option: unknown): boolean => option === undefined || option === false
  const isOption = (oidc === undefined || isObject(oidc)) && (isOff(rabbitmq) || typeof rabbitmq === 'string')
  return isOption && isOff(token) && hasOnly(value, ['oidc', 'rabbitmq', 'token'])
}

function isToken(value: unknown): boolean {
  if (!isObject(value)) return false
  const { name, role, sha256 } = value
  const isRole = role === 'metrics' || role === 'viewer' || role === 'operator'
  return typeof name === 'string' && isRole && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
}

function invalid(file: string, why: string, cause?: unknown): CliError {
  return new CliError('CONFIG_INVALID', `${file}: ${why}`, cause)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isRecordOf(value: unknown, accepts: (item: unknown) => boolean): boolean {
  return isObject(value) && !Array.isArray(value) && Object.values(value).every(accepts)
}

function hasOnly(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && Object.keys(value).every((key) => keys.includes(key))
}
