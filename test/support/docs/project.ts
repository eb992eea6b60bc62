import { Signal } from '@warren/bus'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { root } from './markdown.ts'

/** A background process of a page: `node start-crm.ts`. */
export interface Service {
  printed(): string
  /** Presses Ctrl-C and waits for the end. */
  stop(): Promise<void>
  /** Resolves when something was printed, or when it has ended. */
  next(): Promise<void>
  readonly hasEnded: boolean
}

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

// tsc: from the sources, which want the project's own strictness where it concerns their types.
const NPX = `#!/bin/sh
tool="$1"
shift
case "$tool" in
  warren) exec node "$PROJECT_ROOT/packages/cli/src/main.ts" "$@" ;;
  tsc) exec node "$PROJECT_ROOT/node_modules/typescript/bin/tsc" --customConditions @warren/source --exactOptionalPropertyTypes "$@" ;;
  *) echo "npx $tool is not part of this test" >&2; exit 127 ;;
esac
`

/** For machines without curl: as much of it as the pages use. */
const CURL = `#!/usr/bin/env node
const [, , , method, url, , body] = process.argv
fetch(url, { method, body }).then((response) => response.text()).then((text) => process.stdout.write(text))
`

/**
 * The reader's project: a folder inside the workspace, so that its packages are found. It is gone after dispose(), with
 * all that runs in it.
 */
export class Project implements AsyncDisposable {
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #services = new Map<string, Service>()

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder
    this.#env = env
  }

  static async make(env: Readonly<Record<string, string>>): Promise<Project> {
    // Ignored by git, by the linter and by the compiler.
    await mkdir(join(root, 'dist'), { recursive: true })
    const folder = await mkdtemp(join(root, 'dist', 'docs-'))
    const bin = join(folder, 'bin')
    await mkdir(bin)
    const path = (process.env['PATH'] ?? '').split(delimiter)
    const programs = { npx: NPX, ...(path.some((each) => existsSync(join(each, 'curl'))) ? {} : { curl: CURL }) }
    for (const [name, text] of Object.entries(programs)) {
      await writeFile(join(bin, name), text)
      await chmod(join(bin, name), 0o755)
    }
    return new Project(folder, {
      ...process.env,
      ...env,
      PATH: [bin, dirname(process.execPath), ...path].join(delimiter),
      PROJECT_ROOT: root,
      NODE_OPTIONS: '--conditions=@warren/source --disable-warning=ExperimentalWarning',
      // vitest's own make node --test think that it is a child of one.
      NODE_TEST_CONTEXT: undefined,
      FORCE_COLOR: undefined,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.stop()))
    await rm(this.#folder, { recursive: true, force: true })
  }

  async read(file: string): Promise<string> {
    return await readFile(join(this.#folder, file), 'utf8')
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, file), text)
  }

  /** Runs commands as typed into a shell; the first that fails ends them. */
  async run(commands: string): Promise<CommandResult> {
    const child = spawn('sh', ['-ec', commands], {
      cwd: this.#folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
    const code = await new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
    return { code, ...output }
  }

  /** Starts a service; one of that name that runs is stopped before. */
  async start(name: string, command: string): Promise<void> {
    await this.#services.get(name)?.stop()
    this.#services.set(name, startService(command, this.#folder, this.#env))
  }

  service(name: string): Service {
    const service = this.#services.get(name)
    if (service === undefined) throw new Error(`the page has not started "${name}"`)
    return service
  }
}

function startService(command: string, cwd: string, env: NodeJS.ProcessEnv): Service {
  // exec: what gets the signal is the service, not the shell.
  const child = spawn('sh', ['-c', `exec ${command}`], { cwd, env: { ...env, PORT: '0' } })
  let output = ''
  let hasEnded = false
  const changed = new Signal()
  const ended = new Promise<void>((resolve) =>
    child.on('close', (code, signal) => {
      hasEnded = true
      if (code !== 0 && signal !== 'SIGINT') output += `\nended with ${code ?? signal ?? ''}\n`
      changed.emit()
      resolve()
    }),
  )
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      changed.emit()
    })
  }
  return {
    printed: () => output,
    next: () => changed.next(),
    get hasEnded() {
      return hasEnded
    },
    async stop() {
      child.kill('SIGINT')
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(timer)
      if (/\nended with /.test(output)) throw new Error(`"${command}" did not end well: ${output}`)
    },
  }
}
