import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A certificate authority made for one test; all texts are PEM. Needs `openssl` on the PATH. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'warren-ca-'))
  #serial = 0

  constructor(name: string) {
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    )
  }

  get ca(): string {
    return this.#read('ca.pem')
  }

  /** For a server with these host names, or for a client. The key is encrypted when there is a passphrase. */
  issue(name: string, options: { readonly hosts?: readonly string[]; readonly passphrase?: string } = {}): Certificate {
    const { hosts = [], passphrase } = options
    const file = `leaf-${++this.#serial}`
    const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(',')
    writeFileSync(
      join(this.#folder, `${file}.ext`),
      `extendedKeyUsage=${hosts.length > 0 ? 'serverAuth' : 'clientAuth'}\n${names === '' ? '' : `subjectAltName=${names}\n`}`,
    )
    const encrypt = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`]
    this.#openssl(
      'req',
      '-newkey',
      'rsa:2048',
      ...encrypt,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${file}.key`,
      '-out',
      `${file}.csr`,
    )
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', String(this.#serial), '-extfile', `${file}.ext`]
    this.#openssl('x509', '-req', '-days', '2', '-in', `${file}.csr`, ...signed, '-out', `${file}.pem`)
    return { cert: this.#read(`${file}.pem`), key: this.#read(`${file}.key`) }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8')
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' })
  }
}
