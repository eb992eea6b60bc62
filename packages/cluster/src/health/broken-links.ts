import type { Definitions } from '../snapshot/definitions.ts'
import type { LinkReading } from './reading.ts'
import { grouped } from './rule.ts'

/**
 * Links that run on no node. One that cannot connect goes from `starting` to `terminated` and back, so only `running` is good.
 * A node may go on telling of a link that has moved to another one, or whose upstream is gone (seen on 4.3.6 after a
 * node was killed); with the definitions at hand the latter is known and left out. Pure.
 */
export function brokenLinks(
  links: readonly LinkReading[],
  definitions?: Pick<Definitions, 'parameters'>,
): readonly LinkReading[] {
  const wanted = links.filter((link) => definitions === undefined || hasUpstream(link, definitions))
  return grouped(wanted, ({ kind, vhost, name }) => JSON.stringify([kind, vhost, name])).flatMap(([, same]) => {
    const [first] = same
    return first === undefined || same.some(({ state }) => state === 'running') ? [] : [first]
  })
}

function hasUpstream({ vhost, upstream }: LinkReading, { parameters }: Pick<Definitions, 'parameters'>): boolean {
  return (
    upstream === undefined ||
    parameters.some(
      (each) => each.component === 'federation-upstream' && each.vhost === vhost && each.name === upstream,
    )
  )
}
