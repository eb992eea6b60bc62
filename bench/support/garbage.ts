import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Collects what preparing a measurement has left behind, so that the measurement does not pay for it. */
export function collectGarbage(): void {
  collect()
}
