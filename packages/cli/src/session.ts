import type { Command } from 'commander'
import type { LoadedConfig } from './config-file.ts'
import { loadConfig } from './config-file.ts'
import type { WarrenConfig } from './config.ts'
import { CliError } from './errors.ts'
import { Output } from './output.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  readonly json?: true
  readonly config?: string
  readonly debug?: true
}

/** One run of the command: where it was started, what is configured, where it writes. */
export class Session {
  readonly cwd: string
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly output: Output
  readonly #configFile: string | undefined
  #config: Promise<LoadedConfig | null> | null = null

  constructor(options: GlobalOptions) {
    this.cwd = process.cwd()
    this.env = process.env
    this.output = new Output({ isJson: options.json === true })
    this.#configFile = options.config
  }

  /** Loads the configuration the first time; null when there is none. */
  config(): Promise<LoadedConfig | null> {
    this.#config ??= loadConfig(this.cwd, this.#configFile)
    return this.#config
  }

  /**
   * A part of the configuration that the command cannot do without, or without the option `instead`. Throws
   * CONFIG_NOT_FOUND, CONFIG_INVALID.
   */
  async need<Key extends keyof WarrenConfig>(key: Key, instead?: string): Promise<NonNullable<WarrenConfig[Key]>> {
    const loaded = await this.config()
    const otherwise = instead === undefined ? '' : `, or ${instead}`
    if (loaded === null) {
      throw new CliError(
        'CONFIG_NOT_FOUND',
        `no warren.config.ts here or above, and this command needs its "${key}"; name one with --config${otherwise}`,
      )
    }
    const value = loaded.config[key]
    if (value === undefined) {
      throw new CliError(
        'CONFIG_INVALID',
        `${loaded.file} has no "${key}", which this command needs; add it${otherwise}`,
      )
    }
    return value
  }
}

/** The run that a command's action belongs to. */
export function sessionOf(command: Command): Session {
  return new Session(command.optsWithGlobals<GlobalOptions>())
}
