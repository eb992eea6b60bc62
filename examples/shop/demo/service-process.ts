import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Confirm, FromHost, HostSetup, Link } from './host-protocol.ts'

const host = fileURLToPath(import.meta.resolve('./host.ts'))
const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 20_000

/**
 * One service of the shop, in a process that can be killed and started again.
 *
 * - `down`: never started, stopped or killed. Left by start().
 * - `starting`: left when the service says that it is ready, or ends.
 * - `ready`: left by stop(), kill(), or when the process ends.
 */
export class ServiceProcess {
  readonly setup: HostSetup
  /** The file that gets what the service logs. */
  readonly logFile: string
  state: 'down' | 'starting' | 'ready' = 'down'
  /** Where it answers, once it is ready; null for a service that only listens. */
  url: string | null = null
  failures = 0
  /** Confirms of the process that runs now, and the connection that it publishes over. */
  confirms: Confirm[] = []
  link: Link | null = null
  /** Until then it is held in the moment in which it is to be killed; null when it is not to be held (any more). */
  heldUntilMs: number | null = null
  #child: ChildProcess | null = null
  #isFirstLife = true

  constructor(setup: HostSetup, logFile: string) {
    this.setup = setup
    this.logFile = logFile
  }

  get name(): HostSetup['name'] {
    return this.setup.name
  }

  /** Resolves when the service is ready. Throws when its process ends before, with the last lines of its log. */
  async start(): Promise<void> {
    if (this.state !== 'down') return
    this.state = 'starting'
    this.confirms = []
    this.link = null
    // Held until it is killed for the first time: what is delivered again would come one by one, each held.
    const holdMs = this.#isFirstLife ? this.setup.holdMs : 0
    this.#isFirstLife = false
    this.heldUntilMs = holdMs > 0 ? 0 : null
    // A service comes back on the port that its clients know.
    const port = this.url === null ? this.setup.port : Number(new URL(this.url).port)
    const log = await open(this.logFile, 'a')
    try {
      const child = spawn(process.execPath, [...process.execArgv, host], {
        env: { ...process.env, SHOP_HOST: JSON.stringify({ ...this.setup, port, holdMs }) },
        stdio: ['ignore', log.fd, log.fd, 'ipc'],
      })
      this.#child = child
      child.on('message', (message) => this.#hear(child, message as FromHost))
      child.once('exit', () => {
        if (this.#child === child) this.state = 'down'
      })
      await readyOrEnd(child, this)
    } finally {
      await log.close()
    }
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, on which the service drains; SIGKILL when it takes too long. True when it ended by itself. */
  async stop(): Promise<boolean> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT_MS)
    const startedAtMs = performance.now()
    await this.#end('SIGTERM')
    clearTimeout(timer)
    return performance.now() - startedAtMs < STOP_TIMEOUT_MS
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    this.state = 'down'
    child.kill(signal)
    await ended
  }

  #hear(child: ChildProcess, message: FromHost): void {
    if (child !== this.#child) return
    switch (message.kind) {
      case 'ready':
        this.state = 'ready'
        this.url = message.url
        break
      case 'connected':
        this.link = message.link
        break
      case 'held':
        this.heldUntilMs = message.untilMs
        break
      case 'news':
        this.confirms.push(...message.confirms)
        this.failures += message.failures
    }
  }
}

async function readyOrEnd(child: ChildProcess, service: ServiceProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const fail = (why: string): void => {
    reject(new Error(`the service "${service.name}" ${why}; see ${service.logFile}`))
  }
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
    fail(`was not ready within ${READY_TIMEOUT_MS / 1000} s`)
  }, READY_TIMEOUT_MS)
  child.on('message', (message) => {
    if ((message as FromHost).kind === 'ready') resolve(undefined)
  })
  child.once('error', (error) => fail(`could not be started: ${error.message}`))
  child.once('exit', (code, signal) => fail(`ended while it started (${signal ?? `code ${String(code)}`})`))
  try {
    await promise
  } finally {
    clearTimeout(timer)
  }
}
