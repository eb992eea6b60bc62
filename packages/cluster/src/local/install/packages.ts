import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { runCommand } from '../processes/command.ts'
import type { Progress } from '../progress.ts'
import { Apt, type PackageSet } from './apt.ts'

export interface UnpackOptions {
  readonly folder: string
  readonly title: string
  readonly onProgress: Progress
  readonly packages: (apt: Apt) => Promise<PackageSet>
  /** Which archive to take the packages from; the system's own by default. */
  readonly source?: Source
  /** May amend the tree before it is moved to its place. */
  readonly finish: (tree: string) => Promise<void>
}

/** Opens an archive, in `folder` if it keeps lists of its own, and takes the packages from it; tries another if that fails. */
export type Source = (folder: string, take: (apt: Apt) => Promise<void>, onProgress: Progress) => Promise<void>

/**
 * Downloads Debian packages and unpacks them into `folder`, without root and without touching the system: apt checks the
 * signatures, nothing is installed. The folder appears when all is done or not at all. Throws INSTALL_FAILED.
 */
export async function unpackPackages(options: UnpackOptions): Promise<void> {
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

async function unpackInto(work: string, options: UnpackOptions): Promise<void> {
  const { title, source = fromThisSystem } = options
  const onProgress = (line: string) => options.onProgress(`${title}: ${line}`)
  const tree = join(work, 'tree')
  const debs = join(work, 'debs')
  await mkdir(debs)
  await mkdir(tree, { mode: 0o755 })

  const take = async (apt: Apt) => {
    const names = await apt.closure(await options.packages(apt))
    onProgress(`downloading ${names.length} packages`)
    await apt.download(names, debs)
  }
  await source(join(work, 'apt'), take, onProgress)
  const files = (await readdir(debs)).filter((name) => name.endsWith('.deb'))
  onProgress(`unpacking ${files.length} packages`)
  for (const file of files) await runCommand('dpkg-deb', ['--extract', join(debs, file), tree])
  await options.finish(tree)
}

async function fromThisSystem(folder: string, take: (apt: Apt) => Promise<void>, onProgress: Progress): Promise<void> {
  const isKnown = await take(new Apt([])).then(
    () => true,
    // No lists on this machine, or lists so old that the packages they name are gone from the archive.
    () => false,
  )
  if (isKnown) return
  onProgress('fetching package lists')
  const own = await Apt.withOwnLists(folder)
  // One of several sources may fail, and what we need be in another: that shows now, and the first failure tells why.
  const updated = await own.update().catch((error: unknown) => error)
  await take(own).catch((error: unknown) => {
    throw updated ?? error
  })
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
