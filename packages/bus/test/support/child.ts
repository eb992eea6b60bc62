import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { ReconcileOptions } from '../../src/reconcile/settings.ts'
import { Signal } from '../../src/signal.ts'

export interface ChildOptions {
  readonly endpoints: readonly string[]
  readonly database: string
  readonly subscribes: boolean
  /** Of the bus; its lease is the relay's, too. */
  readonly reconcile?: ReconcileOptions
  readonly livePerSecond?: number
}

export interface Child {
  readonly process: ChildProcessWithoutNullStreams
  readonly lines: readonly string[]
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Resolves when the child has printed the line; rejects when it ends without. */
  printed(line: string): Promise<void>
}

/** Starts child-service.ts. */
export function startChild(options: ChildOptions): Child {
  return startScript('child-service.ts', options)
}

/** Starts a script of this folder, with its options as JSON. */
export function startScript(name: string, options: object): Child {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(process.execPath, [
    '--conditions=@warren/source',
    '--disable-warning=ExperimentalWarning',
    script,
    JSON.stringify(options),
  ])
  const lines: string[] = []
  const printed = new Signal<string>()
  const exited = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    printed.emit(line)
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.on('exit', (code, signal) => exited.resolve({ code, signal }))
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    process: child,
    lines,
    exited: exited.promise,
    async printed(line) {
      while (!lines.includes(line)) {
        const ended = await Promise.race([printed.next(), exited.promise])
        if (typeof ended === 'object' && !lines.includes(line)) throw new Error(`ended without "${line}": ${errors}`)
      }
    },
  }
}
