import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ManagementClient } from '@warren/cluster/management'
import type { ManagementCredentials, ManagementOptions, ManagementTls } from '@warren/cluster/management'
import { redactUrl } from '@warren/cluster/redaction'
import type { NamedCluster } from '@warren/monitor'
import type { LoadedConfig } from './config-file.ts'
import type { MonitorCluster } from './config.ts'
import { CliError, codeOf } from './errors.ts'

export interface ClusterSources {
  /** The values of --url: URLs, `NAME=URL`, or names of the configuration. */
  readonly named: readonly string[]
  readonly config: LoadedConfig | null
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** Where the events are, on clusters that do not say it. */
  readonly vhost: string
}

/** A URL without a name is one of the nodes of this cluster. */
const DEFAULT_NAME = 'default'

/**
 * The clusters of --url, else those of the configuration, in the order in which they are named first. Throws USAGE_INVALID,
 * and CONFIG_INVALID for one that cannot be asked; no password is in either.
 */
export async function chooseClusters(sources: ClusterSources): Promise<readonly NamedCluster[]> {
  const configured = new Map(Object.entries(sources.config?.config.monitor?.clusters ?? {}))
  const named =
    sources.named.length === 0
      ? [...configured.keys()].map((name) => ({ name, url: null }))
      : sources.named.map((value) => parse(value, [...configured.keys()]))
  const byName = Map.groupBy(named, ({ name }) => name)
  return Promise.all(
    [...byName].map(async ([name, parts]): Promise<NamedCluster> => {
      const urls = parts.flatMap(({ url }) => url ?? [])
      const cluster = configured.get(name)
      if (cluster === undefined) return { name, vhost: sources.vhost, management: managementOf(urls, sources.env) }
      if (urls.length === 0) return fromConfig(name, cluster, sources)
      throw new CliError(
        'USAGE_INVALID',
        `"${name}" is a cluster of the configuration: say --url ${name}, or give the URL another name, NAME=URL`,
      )
    }),
  )
}

function parse(value: string, configured: readonly string[]): { readonly name: string; readonly url: string | null } {
  if (configured.includes(value)) return { name: value, url: null }
  const [, name = DEFAULT_NAME, url] = /^(?:([\w.-]+)=)?(https?:.*)$/is.exec(value) ?? []
  if (url !== undefined) return { name, url }
  const known = configured.length === 0 ? 'none' : configured.map((each) => `"${each}"`).join(', ')
  throw new CliError(
    'USAGE_INVALID',
    `--url "${redactUrl(value)}" is neither http://HOST:15672 nor NAME=http://HOST:15672, nor a cluster of the configuration, which has ${known}`,
  )
}

function managementOf(endpoints: readonly string[], env: ClusterSources['env']): ManagementOptions {
  const username = env['WARREN_MANAGEMENT_USER']
  const password = env['WARREN_MANAGEMENT_PASSWORD'] ?? ''
  return { endpoints, ...(username === undefined ? {} : { credentials: { username, password } }) }
}

async function fromConfig(
  name: string,
  cluster: MonitorCluster,
  { config, env, vhost }: ClusterSources,
): Promise<NamedCluster> {
  const fail = (why: string, cause?: unknown): CliError =>
    new CliError('CONFIG_INVALID', `the cluster "${name}" in ${config?.file ?? 'the configuration'} ${why}`, cause)
  const endpoints = cluster.endpoints.map((url) => {
    if (url === undefined || url === '')
      throw fail('has an endpoint without a URL; is an environment variable not set?')
    return url
  })
  const { credentials, tls, timeoutMs } = cluster
  const management = {
    ...managementOf(endpoints, env),
    ...(credentials === undefined ? {} : { credentials: checked(credentials, fail) }),
    ...(tls === undefined ? {} : { tls: await read(tls, config?.folder ?? '.', fail) }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  try {
    // It asks nobody yet, and refuses what it could not ask.
    new ManagementClient(management)
  } catch (error) {
    throw fail(`cannot be asked: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  return { name, vhost: cluster.vhost ?? vhost, management }
}

type Fail = (why: string, cause?: unknown) => CliError

function checked(
  { username, password }: NonNullable<MonitorCluster['credentials']>,
  fail: Fail,
): ManagementCredentials {
  if (username !== undefined && username !== '' && password !== undefined) return { username, password }
  const absent = password === undefined ? 'password' : 'username'
  throw fail(`has credentials without a ${absent}; is an environment variable not set?`)
}

async function read({ servername, ...texts }: ManagementTls, folder: string, fail: Fail): Promise<ManagementTls> {
  const read = (Object.entries(texts) as readonly [string, string][]).map(async ([option, textOrFile]) => {
    if (textOrFile.includes('-----BEGIN')) return [option, textOrFile] as const
    try {
      return [option, await readFile(resolve(folder, textOrFile), 'utf8')] as const
    } catch (error) {
      throw fail(`has a file for "tls.${option}" that cannot be read (${codeOf(error) ?? 'unknown'})`, error)
    }
  })
  const pems: ManagementTls = Object.fromEntries(await Promise.all(read))
  return { ...pems, ...(servername === undefined ? {} : { servername }) }
}
