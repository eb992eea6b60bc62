import { join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { Apt } from './apt.ts'
import { exists, type Source } from './packages.ts'
import { bringableSeries, seriesOf, suitesWith } from './series.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Debian's archive as the source of one series of RabbitMQ: the first of its releases that carries the series now. The mirror
 * is the one this machine's own packages come from, or `WARREN_DEBIAN_MIRROR`. Throws VERSION_UNAVAILABLE when no release
 * carries the series (any more), INSTALL_UNSUPPORTED when the archive or its keys are not known here.
 */
export function fromSuitesWith(series: string): Source {
  return async (folder, take, onProgress) => {
    const mirror = await debianMirror()
    const seen: string[] = []
    for (const name of suitesWith(series)) {
      onProgress(`fetching the package lists of Debian ${name}`)
      const apt = await Apt.withSuite(join(folder, name), { name, mirror, keyring: KEYRING })
      await apt.update()
      const version = await apt.versionOf('rabbitmq-server')
      if (version !== undefined && seriesOf(version) === series) {
        await take(apt)
        return
      }
      seen.push(`${name} has ${version ?? 'none'}`)
    }
    throw unavailable(series, seen.join(', '))
  }
}

/** No RabbitMQ of the series is here, and no release of Debian carries it. */
export function unavailable(series: string, why?: string): ClusterError {
  const reason = why === undefined ? '' : ` (${why})`
  return new ClusterError(
    'VERSION_UNAVAILABLE',
    `RabbitMQ ${series} is not on this machine, and no release of Debian carries it${reason}; take one of ${bringableSeries.join(', ')}, or unpack it yourself and set WARREN_RABBITMQ_SBIN to its sbin folder`,
    { version: series },
  )
}

async function debianMirror(): Promise<string> {
  if (!(await exists(KEYRING))) {
    throw new ClusterError(
      'INSTALL_UNSUPPORTED',
      `packages of Debian cannot be trusted without its keys (${KEYRING}); install debian-archive-keyring`,
      { keyring: KEYRING },
    )
  }
  const setting = process.env['WARREN_DEBIAN_MIRROR']
  const mirror = setting ? setting.replace(/\/+$/, '') : (await new Apt([]).debianMirrors())[0]
  if (mirror !== undefined) return mirror
  throw new ClusterError(
    'INSTALL_UNSUPPORTED',
    'no source of packages on this machine is an archive of Debian; name one in WARREN_DEBIAN_MIRROR (http://…/debian)',
  )
}
