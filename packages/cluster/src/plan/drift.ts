import { identityOf } from '../resources/kind.ts'
import { ownershipHash } from './owned.ts'
import type { Plan, Step } from './plan.ts'

/**
 * What has changed on the broker behind the spec's back: differences of objects that an apply of this spec has made or
 * found. What the spec wants and was never applied is no drift. Pure.
 */
export function driftIn({ steps, owned }: Plan): readonly Step[] {
  return steps.filter(({ action, kind, vhost, name }) => {
    if (action === 'delete') return false
    return owned.has(ownershipHash(identityOf(kind, { ...(vhost === undefined ? {} : { vhost }), name })))
  })
}
