import { nearest } from '@warren/bus'
import { readWatches } from '@warren/bus/operate'
import type { NamedStore, StoredWatch } from '@warren/bus/operate'
import { CliError } from '../../errors.ts'

/** Throws WATCH_UNKNOWN, with the name that is near. */
export async function findWatch(stores: readonly NamedStore[], name: string): Promise<StoredWatch> {
  const watches = await readWatches(stores)
  const watch = watches.find((each) => each.name === name)
  if (watch !== undefined) return watch
  const names = watches.map((each) => each.name)
  const near = nearest(name, names)
  const advice =
    near !== undefined
      ? `did you mean "${near}"?`
      : names.length === 0
        ? 'there is none: "warren watches add" makes one'
        : `there are ${names.join(', ')}`
  throw new CliError('WATCH_UNKNOWN', `none of these stores has a watch "${name}"; ${advice}`)
}
