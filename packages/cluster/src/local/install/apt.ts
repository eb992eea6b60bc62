import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../processes/command.ts'

export interface PackageSet {
  /** The packages asked for, by exact name. */
  readonly names: readonly string[]
  /** Other packages that are unpacked too when something kept depends on them, whether installed or not. */
  readonly includes: RegExp
  /** Libraries that are left out although something names them. */
  readonly excludes?: RegExp
}

/** A release of Debian's, by code name, and where its packages come from. */
export interface Suite {
  readonly name: string
  /** `http://…/debian`. */
  readonly mirror: string
  /** The keys that its lists must be signed with. */
  readonly keyring: string
}

/** apt's commands that need no root, on the system's package lists or on lists of our own. */
export class Apt {
  readonly #options: readonly string[]
  readonly #isThisSystem: boolean

  constructor(options: readonly string[], isThisSystem = true) {
    this.#options = options
    this.#isThisSystem = isThisSystem
  }

  /** Works with the system's sources, and keeps their lists in a folder of our own; `update` fetches them. */
  static async withOwnLists(folder: string): Promise<Apt> {
    return new Apt(asOptions(await ownPlace(folder)))
  }

  /**
   * Works with another release than the system's; `update` fetches its lists. Nothing counts as installed: what is unpacked
   * from it brings its own libraries, the C library included.
   */
  static async withSuite(folder: string, suite: Suite): Promise<Apt> {
    const settings = await ownPlace(folder)
    const status = join(folder, 'status')
    await writeFile(status, '')
    const list = join(folder, 'sources.list')
    await writeFile(list, `deb [signed-by=${suite.keyring}] ${suite.mirror} ${suite.name} main\n`)
    settings.push(
      `Dir::State::status=${status}`,
      `Dir::Etc::SourceList=${list}`,
      'Dir::Etc::SourceParts=/dev/null',
      // The system may prefer packages of its own release.
      'Dir::Etc::Preferences=/dev/null',
      'Dir::Etc::PreferencesParts=/dev/null',
      'Acquire::Languages=none',
      // By default apt takes an archive that does not answer for a warning.
      'APT::Update::Error-Mode=any',
    )
    return new Apt(asOptions(settings), false)
  }

  async update(): Promise<void> {
    await this.#run('apt-get', ['update'])
  }

  /** The packages to unpack: those asked for, and from what they need the included ones and the libraries that are missing. */
  async closure(set: PackageSet): Promise<string[]> {
    const installed = this.#isThisSystem ? await installedPackages() : new Set<string>()
    const kept = new Set(set.names)
    for (let frontier = [...set.names]; frontier.length > 0;) {
      const found = parseDependencies(await this.#run('apt-cache', [...DEPENDS, ...frontier]))
      frontier = []
      for (const name of found) {
        const isWanted = set.includes.test(name) || (name.startsWith('lib') && !installed.has(name))
        if (!isWanted || kept.has(name) || set.excludes?.test(name)) continue
        kept.add(name)
        frontier.push(name)
      }
    }
    return [...kept]
  }

  async download(names: readonly string[], folder: string): Promise<void> {
    await this.#run('apt-get', ['download', ...names], folder)
  }

  /** Names of known packages that match a regular expression of apt's. */
  async search(pattern: string): Promise<string[]> {
    const output = await this.#run('apt-cache', ['search', '--names-only', pattern])
    return output
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '')
      .filter(Boolean)
  }

  /** The version that `download` would bring, without Debian's epoch and revision: `4.3.6`. */
  async versionOf(name: string): Promise<string | undefined> {
    return parseCandidate(await this.#run('apt-cache', ['policy', name]))
  }

  /** The mirrors of Debian's own archive among the system's sources: `http://…/debian`. Asks nobody. */
  async debianMirrors(): Promise<string[]> {
    return parseMirrors(await this.#run('apt-get', ['update', '--print-uris']))
  }

  async #run(program: string, [command = '', ...args]: readonly string[], cwd = '/'): Promise<string> {
    // As root, apt would hand downloads to its own account, which cannot write to our folder.
    const common = ['-q', '-o', 'APT::Sandbox::User=root', '-o', 'Debug::NoLocking=true']
    return await runCommand(program, [command, ...common, ...this.#options, ...args], {
      cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      timeoutMs: 600_000,
    })
  }
}

const DEPENDS = [
  'depends',
  '--no-recommends',
  '--no-suggests',
  '--no-conflicts',
  '--no-breaks',
  '--no-replaces',
  '--no-enhances',
]

/**
 * The packages that `apt-cache depends` names, each once. Of alternatives (`|Depends:`) the first real package is taken;
 * virtual ones are in angle brackets, with the packages that provide them indented below, and are passed over.
 */
export function parseDependencies(output: string): string[] {
  const names = new Set<string>()
  let isSettled = false
  for (const line of output.split('\n')) {
    const match = /^ ([ |])(?:Pre)?Depends: (\S+)/.exec(line)
    if (!match) continue
    const [, bar, name = ''] = match
    const isVirtual = name.startsWith('<')
    if (!isSettled && !isVirtual) names.add(name.replace(/:any$/, ''))
    isSettled = bar === '|' && (isSettled || !isVirtual)
  }
  return [...names]
}

/** The upstream version that `apt-cache policy` names as candidate. */
export function parseCandidate(output: string): string | undefined {
  const version = /^ {2}Candidate: (?:\d+:)?([\w.~+]+)/m.exec(output)?.[1]
  return version === undefined || !/^\d/.test(version) ? undefined : version.replace(/[~+].*$/, '')
}

/** The archives called `debian` that `apt-get update --print-uris` would fetch from, each once. */
export function parseMirrors(output: string): string[] {
  const mirrors = [...output.matchAll(/^'(\w+:\/\/\S+?\/debian)\/+dists\//gm)].map((match) => match[1] ?? '')
  return [...new Set(mirrors)]
}

async function ownPlace(folder: string): Promise<string[]> {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
  return [`Dir::State::Lists=${join(folder, 'lists')}`, `Dir::Cache=${join(folder, 'cache')}`]
}

function asOptions(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ['-o', setting])
}

async function installedPackages(): Promise<Set<string>> {
  const output = await runCommand('dpkg-query', ['--show', '--showformat=${db:Status-Abbrev} ${Package}\n'])
  return new Set(
    output
      .split('\n')
      .filter((line) => line.startsWith('ii'))
      .map((line) => line.slice(2).trim()),
  )
}
