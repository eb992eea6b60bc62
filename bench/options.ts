import { parseArgs } from 'node:util'
import { benchNames, isBenchName } from './benches.ts'
import type { BenchName } from './benches.ts'

export interface Options {
  readonly quick: boolean
  readonly json: boolean
  readonly only: readonly BenchName[]
}

export const help = `Warren beside raw peers, on servers of its own.

  npm run bench -- [flags]

  --quick        fewer events, 3 alternations instead of 5; less than 4 minutes
  --only NAMES   these alone, with commas between them:
                 ${benchNames.join(', ')}
  --json         one JSON document on stdout
  --help

DATABASE_URL names a PostgreSQL server to use instead of a private one; databases are made on it and dropped again.
Exit code: 0 also when a bar is missed, because machines are noisy; 1 when a benchmark cannot run or an event was lost; 2 for a wrong flag.
`

/** A wrong flag; the message says which. */
export class UsageError extends Error {}

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const only = values.only
    .flatMap((names) => names.split(','))
    .map((name) => {
      if (!isBenchName(name)) throw new UsageError(`there is no benchmark "${name}"; there is ${benchNames.join(', ')}`)
      return name
    })
  return { quick: values.quick, json: values.json, only: only.length > 0 ? only : benchNames }
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      options: { quick: flag, json: flag, help: flag, only: { type: 'string', multiple: true, default: [] } },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
