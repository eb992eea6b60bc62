import { brokenLinks } from '../broken-links.ts'
import { commandLine } from '../command-line.ts'
import { finding } from '../finding.ts'
import type { HealthRule } from '../rule.ts'

/** Federation links and shovels that do not run. */
export const linkRules: HealthRule = function* ({ links, snapshot }) {
  for (const { kind, vhost, name, id = '', node, state, reason } of brokenLinks(links, snapshot?.definitions)) {
    const isShovel = kind === 'shovel'
    const tail = reason === undefined || reason === '' ? '' : `: ${reason}`
    yield finding(isShovel ? 'shovel-down' : 'federation-link-down', {
      vhost,
      subjects: [name],
      what: `${kind} "${name}" is not running but ${state}${tail}`,
      command: isShovel
        ? commandLine`rabbitmqctl restart_shovel ${name} --vhost ${vhost}`
        : commandLine`rabbitmqctl restart_federation_link ${id}`,
      ...(node === undefined ? {} : { on: node }),
    })
  }
}
