import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { runCommand } from '../processes/command.ts'
import type { Progress } from '../progress.ts'

export interface PackageSet {
  /** The packages asked for, by exact name. */
  readonly names: readonly string[]
  /** Other packages that are unpacked too when something kept depends on them, whether installed or not. */
  readonly includes: RegExp
  /** Libraries that are left out although something names them. */
  readonly excludes?: RegExp
}

/**
 * Downloads Debian packages and unpacks them into `folder`, without root and without touching the system: apt checks the
 * signatures, nothing is installed. `finish` may amend the tree. The folder appears when all is done or not at all.
 * Throws INSTALL_FAILED.
 */
export async function unpackPackages(options: {
  readonly packages: (apt: Apt) => Promise<PackageSet>
  readonly folder: string
  readonly onProgress: Progress
  readonly title: string
  readonly finish: (tree: string) => Promise<void>
}): Promise<void> {
  await removeUnfinished(options.folder)
  const work = await mkdtemp(`${options.folder}.unfinished-`)
  try {
    await unpackInto(work, options)
    await rename(join(work, 'tree'), options.folder)
  } catch (error) {
    if (error instanceof ClusterError && error.code !== 'COMMAND_FAILED') throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new ClusterError('INSTALL_FAILED', `${options.title} could not be brought here: ${why}`, {}, error)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

type Options = Parameters<typeof unpackPackages>[0]

async function unpackInto(work: string, options: Options): Promise<void> {
  const { title, onProgress } = options
  const tree = join(work, 'tree')
  const debs = join(work, 'debs')
  await mkdir(debs)
  await mkdir(tree, { mode: 0o755 })

  const system = new Apt([])
  const isKnown = await download(system, debs, options).then(
    () => true,
    // No lists on this machine, or lists so old that the packages they name are gone from the archive.
    () => false,
  )
  if (!isKnown) {
    onProgress(`${title}: fetching package lists`)
    const own = await Apt.withOwnLists(join(work, 'apt'))
    // One of several sources may fail, and what we need be in another: that shows now, and the first failure tells why.
    const updated = await own.update().catch((error: unknown) => error)
    await download(own, debs, options).catch((error: unknown) => {
      throw updated ?? error
    })
  }
  const files = (await readdir(debs)).filter((name) => name.endsWith('.deb'))
  onProgress(`${title}: unpacking ${files.length} packages`)
  for (const file of files) await runCommand('dpkg-deb', ['--extract', join(debs, file), tree])
  await options.finish(tree)
}

async function download(apt: Apt, folder: string, options: Options): Promise<void> {
  const names = await apt.closure(await options.packages(apt))
  options.onProgress(`${options.title}: downloading ${names.length} packages`)
  await apt.download(names, folder)
}

async function removeUnfinished(folder: string): Promise<void> {
  const parent = dirname(folder)
  const prefix = `${folder}.unfinished-`
  await mkdir(parent, { recursive: true })
  for (const name of await readdir(parent)) {
    const path = join(parent, name)
    if (path.startsWith(prefix)) await rm(path, { recursive: true, force: true })
  }
}

/** apt's commands that need no root, on the system's package lists or on lists of our own. */
export class Apt {
  readonly #options: readonly string[]

  constructor(options: readonly string[]) {
    this.#options = options
  }

  /** Works with the system's sources, and keeps their lists in a folder of our own; `update` fetches them. */
  static async withOwnLists(folder: string): Promise<Apt> {
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
    const settings = [`Dir::State::Lists=${join(folder, 'lists')}`, `Dir::Cache=${join(folder, 'cache')}`]
    return new Apt(settings.flatMap((setting) => ['-o', setting]))
  }

  async update(): Promise<void> {
    await this.#run('apt-get', ['update'])
  }

  /** The packages to unpack: those asked for, and from what they need the included ones and the libraries that are missing. */
  async closure(set: PackageSet): Promise<string[]> {
    const installed = await installedPackages()
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

async function installedPackages(): Promise<Set<string>> {
  const output = await runCommand('dpkg-query', ['--show', '--showformat=${db:Status-Abbrev} ${Package}\n'])
  return new Set(
    output
      .split('\n')
      .filter((line) => line.startsWith('ii'))
      .map((line) => line.slice(2).trim()),
  )
}

/** Folders of a tree that hold shared libraries, for LD_LIBRARY_PATH. */
export async function libraryFolders(tree: string): Promise<string[]> {
  const folders: string[] = []
  for (const parent of ['usr/lib', 'lib']) {
    for (const name of await readdir(join(tree, parent)).catch(() => [])) {
      if (/-linux-gnu/.test(name)) folders.push(join(tree, parent, name))
    }
  }
  return folders
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
