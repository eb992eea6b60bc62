/** The browser that tests and screenshots of the page use: that of the distribution. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome']
/** Recommended packages would bring a desktop. Without the fonts, Chinese is boxes. */
const packages = ['chromium', 'fonts-noto-cjk']

// Whatever it would look for on the network by itself; and tests may run as root, which its sandbox does not allow.
export const chromiumArgs: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** That of WARREN_CHROMIUM, else the one on the PATH; undefined when there is none. */
export function findChromium(): string | undefined {
  const set = process.env['WARREN_CHROMIUM']
  if (set !== undefined && set !== '') return set
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path))
}

/** Installs it where that needs nobody's password: on Debian and Ubuntu, as root. Throws an Error that says what to do. */
export function installChromium(onProgress: (line: string) => void): string {
  const found = findChromium()
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `there is no Chromium on the PATH; install it (Debian: sudo apt-get install ${packages.join(' ')}), or say where one is with WARREN_CHROMIUM`,
    )
  }
  onProgress('Chromium: installing it from the distribution')
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...args], { env: environment, encoding: 'utf8' })
    if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`)
  }
  const installed = findChromium()
  if (installed === undefined) throw new Error('apt-get has installed Chromium, and it is not on the PATH')
  return installed
}
