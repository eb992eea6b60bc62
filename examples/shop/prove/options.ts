import { parseArgs } from 'node:util'
import { UsageError } from '../demo/options.ts'
import type { StoreChoice } from '../demo/databases.ts'

export interface ProveOptions {
  /** How many events the ledgers have in the end, at least; the faults grow with them. */
  readonly events: number
  readonly store: StoreChoice
  readonly isJson: boolean
}

export const help = `What is lost on the way is found, named and resent: the shop on three nodes, robbed in seven ways, and the proof.

  npm run prove -- [flags]

  --events N     events to publish (default 100000)
  --store KIND   mixed (default): PostgreSQL for some services, SQLite for the others; or sqlite, or postgres
  --json         the result as one JSON object, alone on the standard output
  --help

Exit code: 0 when exactly what was taken away was found, each with its cause, and came to the one subscription that missed it;
1 when not, 2 for a wrong flag.`

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): ProveOptions | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const events = Number(values.events)
  if (!Number.isInteger(events) || events < 2_000 || events > 10_000_000)
    throw new UsageError(`--events is a whole number from 2000 to 10000000, not "${values.events}"`)
  const { store } = values
  if (store !== 'sqlite' && store !== 'postgres' && store !== 'mixed')
    throw new UsageError(`--store is mixed, sqlite or postgres, not "${store}"`)
  return { events, store, isJson: values.json }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        events: { type: 'string', default: '100000' },
        store: { type: 'string', default: 'mixed' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
