import type { LoadedConfig } from './config-file.ts'
import { CliError } from './errors.ts'
import { redactText } from '@warren/cluster/redaction'
import type { StoreLocation } from './store-url.ts'
import { parseStoreUrl } from './store-url.ts'

/** A store to work on, and how it is called in tables and messages. */
export interface ChosenStore {
  /** Its name in the configuration, else its URL without the password. */
  readonly label: string
  readonly location: StoreLocation
}

export interface StoreSources {
  /** The values of --store: URLs, or names of the configuration. */
  readonly named: readonly string[]
  readonly config: LoadedConfig | null
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly cwd: string
}

/**
 * The stores of --store, else those of the configuration, else the one in WARREN_STORE or DATABASE_URL. Throws
 * STORE_NOT_GIVEN when there is none, USAGE_INVALID or CONFIG_INVALID for one that cannot be read.
 */
export function chooseStores(sources: StoreSources): readonly ChosenStore[] {
  const configured = Object.keys(sources.config?.config.stores ?? {})
  if (sources.named.length > 0) {
    return sources.named.map((named) =>
      configured.includes(named) ? fromConfig(sources.config, named) : fromUrl(named, sources.cwd, configured),
    )
  }
  if (configured.length > 0) return configured.map((name) => fromConfig(sources.config, name))
  const url = sources.env['WARREN_STORE'] ?? sources.env['DATABASE_URL']
  if (url !== undefined && url !== '') return [fromUrl(url, sources.cwd, configured)]
  throw new CliError(
    'STORE_NOT_GIVEN',
    'no store: use --store sqlite:PATH or --store postgres://…, "stores" in warren.config.ts, or the variable WARREN_STORE',
  )
}

function fromConfig(config: LoadedConfig | null, name: string): ChosenStore {
  const url = config?.config.stores?.[name]
  if (url === undefined || url === '') {
    const file = config?.file ?? 'the configuration'
    throw new CliError(
      'CONFIG_INVALID',
      `the store "${name}" in ${file} has no URL; is an environment variable not set?`,
    )
  }
  return { label: name, location: parseStoreUrl(url, config?.folder ?? '.') }
}

function fromUrl(url: string, cwd: string, configured: readonly string[]): ChosenStore {
  if (!url.includes(':') && configured.length > 0) {
    const known = configured.map((name) => `"${name}"`).join(', ')
    throw new CliError('USAGE_INVALID', `no store "${url}" in the configuration; it has ${known}`)
  }
  return { label: redactText(url), location: parseStoreUrl(url, cwd) }
}
