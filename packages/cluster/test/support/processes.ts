import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'

/** Runs a script of `test/programs` as a process of its own; `line()` resolves with the next line that it prints. */
export function startProgram(name: string, ...args: string[]): { child: ChildProcess; line: () => Promise<string> } {
  const path = new URL(`../programs/${name}`, import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=@warren/source', path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    line: async () => {
      const next = await lines.next()
      if (next.done) throw new Error(`${name} ended before it said anything more`)
      return next.value
    },
  }
}

export async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  return await new Promise((resolve) => child.once('exit', resolve))
}

/** The user that a process runs as. */
export async function uidOf(pid: number): Promise<number> {
  return (await stat(`/proc/${pid}`)).uid
}

/** The addresses on which a process listens, as the kernel has them: `0100007F` is 127.0.0.1. */
export async function listeningAddresses(pid: number): Promise<string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')))
  return tables
    .flatMap((table) => table.split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && targets.includes(`socket:[${fields[9]}]`))
    .map((fields) => fields[1]!.split(':')[0]!)
}
