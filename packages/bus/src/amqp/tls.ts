import { readFileSync } from 'node:fs'
import type { ConnectionOptions as NodeTlsOptions } from 'node:tls'
import { WarrenError } from '../errors.ts'

/** For `amqps:` endpoints. Each of `ca`, `cert` and `key` is PEM text or the path of a PEM file. The broker is always verified. */
export interface TlsOptions {
  /** Whom to trust. Default: the certificate authorities Node trusts. */
  readonly ca?: string | readonly string[]
  /** The client's own certificate, for brokers that ask for one. */
  readonly cert?: string
  readonly key?: string
  /** Of `key`. */
  readonly passphrase?: string
  /** The name the broker's certificate must be for. Default: the endpoint's host. */
  readonly servername?: string
}

/** Reads the files, so that renewed certificates are used from the next connection on. Throws CONFIG_INVALID. */
export function nodeTlsOptions(options: TlsOptions = {}): NodeTlsOptions {
  const { ca, cert, key, passphrase, servername } = options
  if ((cert === undefined) !== (key === undefined)) {
    throw new WarrenError('CONFIG_INVALID', 'tls: cert and key belong together, one of them is missing')
  }
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: [ca].flat().map((each) => pem('ca', each)) }),
    ...(cert === undefined ? {} : { cert: pem('cert', cert) }),
    ...(key === undefined ? {} : { key: pem('key', key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
  }
}

function pem(option: string, textOrPath: string): string {
  if (textOrPath.includes('-----BEGIN')) return textOrPath
  try {
    return readFileSync(textOrPath, 'utf8')
  } catch (error) {
    throw new WarrenError(
      'CONFIG_INVALID',
      `tls: the file for "${option}" cannot be read`,
      { option, path: textOrPath },
      error,
    )
  }
}
