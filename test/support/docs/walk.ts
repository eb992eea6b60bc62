import type { Block } from './blocks.ts'
import { Tokens } from './expectation.ts'
import { Project } from './project.ts'

const PATIENCE_MS = 60_000
const POLL_MS = 200

/**
 * Does what a page tells its reader to do, block by block, and compares what is printed. What a block is for stands behind
 * its language:
 *
 * - `file=NAME`: the file is written. Of several for one file the one of this variant is taken.
 * - `edit=NAME remove`: these lines are taken out; `edit=NAME last-line`: this stands where the last line was.
 * - `run`: a command, and `check` too; it must succeed. `poll`: again and again, until it prints what is expected.
 * - `start=NAME`: a service in another terminal; when it runs already, Ctrl-C comes first.
 * - `output`: what the block before prints. `output=NAME`: what the service prints by and by.
 * - `variant=NAME`: only in this variant.
 *
 * Blocks without a mark are not executed. Throws with the line of the page that is not true.
 */
export async function walk(
  blocks: readonly Block[],
  variant: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await using project = await Project.make(env)
  const walker = new Walker(project, variantFiles(blocks, variant))
  for (const [index, block] of blocks.entries()) {
    if (block.marks['variant'] !== undefined && block.marks['variant'] !== variant) continue
    const next = blocks[index + 1]
    try {
      await walker.step(block, next?.marks['output'] === true ? next.text : null)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      // Its stack is of no use, the line is.
      // eslint-disable-next-line preserve-caught-error
      throw new Error(`line ${block.line}, ${variant}: ${reason}`)
    }
  }
}

function variantFiles(blocks: readonly Block[], variant: string): ReadonlyMap<string, string> {
  const own = blocks.filter(({ marks }) => typeof marks['file'] === 'string' && marks['variant'] === variant)
  return new Map(own.map(({ marks, text }) => [String(marks['file']), text]))
}

class Walker {
  readonly #project: Project
  readonly #variantFiles: ReadonlyMap<string, string>
  readonly #tokens = new Tokens()
  /** What each service has printed and the page has not yet told. */
  readonly #untold = new Map<string, number>()

  constructor(project: Project, variants: ReadonlyMap<string, string>) {
    this.#project = project
    this.#variantFiles = variants
  }

  async step({ marks, text }: Block, expected: string | null): Promise<void> {
    const { file, edit, start, output } = marks
    if (typeof file === 'string') await this.#project.write(file, this.#variantFiles.get(file) ?? text)
    else if (typeof edit === 'string') await this.#edit(edit, text, marks)
    else if (typeof start === 'string') await this.#start(start, text, expected)
    else if (typeof output === 'string') await this.#hear(output, text)
    else if (marks['run'] === true || marks['check'] === true) await this.#run(text, expected)
    else if (marks['poll'] === true) await this.#poll(text, expected)
  }

  async #edit(file: string, text: string, marks: Block['marks']): Promise<void> {
    const lines = (await this.#project.read(file)).trimEnd().split('\n')
    if (marks['last-line'] === true) {
      await this.#project.write(file, [...lines.slice(0, -1), text].join('\n'))
      return
    }
    const gone = new Set(text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()])))
    const kept = lines.filter((line) => !gone.delete(line.trim()))
    if (gone.size > 0) throw new Error(`${file} has no line ${[...gone].join(', ')}`)
    await this.#project.write(file, kept.join('\n') + '\n')
  }

  async #start(name: string, command: string, expected: string | null): Promise<void> {
    await this.#project.start(name, this.#tokens.inCommand(command))
    this.#untold.delete(name)
    if (expected === null) return
    this.#tokens.forget(expected)
    await this.#hear(name, expected)
  }

  async #hear(name: string, expected: string): Promise<void> {
    const service = this.#project.service(name)
    const giveUp = AbortSignal.timeout(PATIENCE_MS)
    const tooLate = new Promise<void>((resolve) => giveUp.addEventListener('abort', () => resolve()))
    for (;;) {
      const told = this.#untold.get(name) ?? 0
      const printed = service.printed()
      const rest = this.#tokens.find(expected, printed.slice(told), { isAll: false })
      if (rest !== null) {
        this.#untold.set(name, printed.length - rest.length)
        return
      }
      if (service.hasEnded || giveUp.aborted) throw differs(expected, printed.slice(told))
      await Promise.race([service.next(), tooLate])
    }
  }

  async #run(commands: string, expected: string | null): Promise<void> {
    const { code, stdout, stderr } = await this.#project.run(this.#tokens.inCommand(commands))
    if (code !== 0) throw new Error(`ended with ${String(code)}\n${stdout}${stderr}`)
    if (expected !== null && this.#tokens.find(expected, stdout, { isAll: true }) === null) {
      throw differs(expected, `${stdout}${stderr}`)
    }
  }

  async #poll(commands: string, expected: string | null): Promise<void> {
    for (const giveUpAtMs = performance.now() + PATIENCE_MS; ;) {
      try {
        await this.#run(commands, expected)
        return
      } catch (error) {
        if (performance.now() > giveUpAtMs) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

function differs(expected: string, printed: string): Error {
  return new Error(`expected\n${expected}\nprinted\n${printed}`)
}
