import { open, readdir, rename, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { libraryFolders } from './packages.ts'

/**
 * Makes the programs in `folder` of an unpacked tree run on the tree's own C library and nothing of this machine's, which may
 * be older than they need (Erlang of Debian 13 on Debian 12). An ELF program names its loader in absolute terms, so each
 * becomes a script that hands it to the loader beside it; `exec` keeps the process id. Needs no root, unlike a chroot, and
 * the programs of this machine that the tree's run (`/bin/sh`) stay on this machine's libraries, unlike with LD_LIBRARY_PATH.
 */
export async function useOwnLoader(tree: string, folder: string): Promise<void> {
  const libraries = await libraryFolders(tree)
  const loader = await findLoader(libraries)
  if (loader === undefined)
    throw new ClusterError('INSTALL_FAILED', `${tree} holds no C library (ld-linux-*)`, { tree })
  const script = wrapper(
    folder,
    relative(tree, loader),
    libraries.map((path) => relative(tree, path)),
  )
  const entries = await readdir(join(tree, folder), { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((each) => each.isFile() && !/\.so(?:\.|$)/.test(each.name))) {
    const path = join(entry.parentPath, entry.name)
    if (!(await isProgram(path))) continue
    await rename(path, `${path}.elf`)
    await writeFile(path, script, { mode: 0o755 })
  }
}

/** The script's text; `loader` and `libraries` are paths inside the tree, of which `folder` is the part to leave. */
export function wrapper(folder: string, loader: string, libraries: readonly string[]): string {
  return [
    '#!/bin/sh',
    `self="$(readlink -f "$0")"`,
    `tree="\${self%/${folder}/*}"`,
    // ARGV0: what is to be seen as the program's name, which a script cannot learn otherwise.
    `exec "$tree/${loader}" --inhibit-cache --library-path "${libraries.map((path) => `$tree/${path}`).join(':')}" --argv0 "\${ARGV0:-$0}" "$self.elf" "$@"`,
    '',
  ].join('\n')
}

async function findLoader(libraries: readonly string[]): Promise<string | undefined> {
  for (const folder of libraries) {
    const name = (await readdir(folder)).find((each) => /^ld-linux.*\.so\.\d+$/.test(each))
    if (name !== undefined) return join(folder, name)
  }
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { mode } = await file.stat()
    if ((mode & 0o100) === 0) return false
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return bytesRead === 4 && buffer.toString('latin1') === '\x7fELF'
  } finally {
    await file.close()
  }
}
