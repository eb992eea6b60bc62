import { bringableSeries } from '@warren/cluster/local'
import { parseArgs } from 'node:util'

export interface MatrixOptions {
  /** Series of RabbitMQ, in the order in which they are tested. */
  readonly versions: readonly string[]
  /** Files or folders of tests; everything that needs a broker when there are none. */
  readonly paths: readonly string[]
  /** The short list of a CI run, instead of everything. */
  readonly isShort: boolean
  readonly isJson: boolean
}

export const help = `The tests of packages/bus and packages/cluster that need a broker, and those of whole specs, on each version of RabbitMQ.

  npm run test:matrix -- [flags] [paths…]

  --versions LIST  series, separated by commas (default: ${bringableSeries.join(',')}); each is brought once and kept
  --short          the few files in which versions differ most, as in CI
  --json           one JSON document on stdout; what the tests write goes to stderr anyway
  --help

Paths are files or folders of tests: packages/bus/test/amqp.
Exit code: 0 when all passed on every version; 1 when a test failed; 2 when none failed, but a version could not be tested; 64
for a wrong flag.
Example:
  $ npm run test:matrix -- --versions 4.3 packages/bus/test/receive.test.ts
`

/** A wrong flag or path; the message says which. */
export class UsageError extends Error {}

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): MatrixOptions | 'help' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const versions = values.versions.split(',').map((version) => version.trim())
  for (const version of versions) {
    if (!/^\d+\.\d+$/.test(version)) {
      throw new UsageError(`--versions: "${version}" is no series of RabbitMQ; write them as 3.10,4.3`)
    }
  }
  if (values.short && positionals.length > 0) throw new UsageError('either --short or paths, not both')
  return {
    versions: [...new Set(versions)],
    paths: positionals,
    isShort: values.short,
    isJson: values.json,
  }
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        versions: { type: 'string', default: bringableSeries.join(',') },
        short: flag,
        json: flag,
        help: { ...flag, short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
