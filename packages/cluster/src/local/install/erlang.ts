import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../processes/command.ts'

/** The folder of an unpacked tree with `erl`, for the PATH. */
export function erlangFolder(tree: string): string {
  return join(tree, 'usr/lib/erlang/bin')
}

/**
 * Debian's `erl` names its place in absolute terms; let it find out, so that the tree can be moved. There are two: nodes
 * have the second one first on their PATH, and start helpers with it (from 4.0, to find each other).
 */
export async function relocateErlang(tree: string): Promise<void> {
  for (const [erl, toRoot] of await erlScripts(tree)) {
    const script = await readFile(erl, 'utf8')
    const place = `ROOTDIR="$(cd "$(dirname "$(readlink -f "$0")")/${toRoot}" && pwd)"`
    await writeFile(erl, script.replace(/ROOTDIR="?\/usr\/lib\/erlang"?/g, place))
  }
}

/** Better to learn here than from a broker's log that a library is missing. `libraries` are for LD_LIBRARY_PATH. */
export async function proveErlang(tree: string, libraries: readonly string[]): Promise<void> {
  const { LD_LIBRARY_PATH: _, ...environment } = process.env
  const env = { ...environment, ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') }) }
  for (const [erl] of await erlScripts(tree)) {
    await runCommand(erl, ['-noinput', '-boot', 'start_clean', '-eval', 'ok = crypto:start(), halt().'], { env })
  }
}

async function erlScripts(tree: string): Promise<(readonly [path: string, toRoot: string])[]> {
  const root = join(tree, 'usr/lib/erlang')
  const runtimes = (await readdir(root)).filter((name) => name.startsWith('erts-'))
  return [[join(root, 'bin/erl'), '..'], ...runtimes.map((name) => [join(root, name, 'bin/erl'), '../..'] as const)]
}
