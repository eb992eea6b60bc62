import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import {
  agreementSource,
  matcherSource,
  names,
  patterns,
  serviceSource,
  type Matcher,
} from './typed-patterns-sources.ts'

/** What tsc needed, over all runs. The counts are the same in every run; times are not. */
export interface Measured {
  readonly checkSeconds: Spread
  readonly instantiations: number
  /** Assignability checks that tsc remembered: they explode when a type is compared before its pattern is known. */
  readonly comparisons: number
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface TypedPatternsRow {
  readonly name: string
  readonly runs: number
  readonly ours: Measured
  readonly plain: Measured
  readonly checkTimeRatio: number
  readonly instantiationsRatio: number
  readonly isWithinBudget: boolean
}

/** Half of what a plain recursive matcher needed when the typed patterns were planned: 3 s and 520,000. */
export const budget = { checkSeconds: 1.5, instantiations: 260_000 } as const

/**
 * What the typed patterns cost the compiler, beside a plain recursive matcher in the same run, alternating: five times
 * (`quick`: three). Each measurement is a tsc of its own. Throws when the two matchers do not agree.
 */
export async function run(options: { readonly quick?: boolean } = {}): Promise<readonly TypedPatternsRow[]> {
  const runs = options.quick === true ? 3 : 5
  const project = await openProject()
  try {
    await project.compile('agreement', agreementSource(ours, plain))
    const size = `${names.length} names × ${patterns.length} patterns`
    return [
      await compare(project, `${size}: matcher`, runs, matcherSource),
      await compare(project, `${size}: catalog and handlers`, runs, (matcher) => serviceSource(matcher, catalogFolder)),
    ]
  } finally {
    await project.close()
  }
}

/** The same without the peer and once: for what does not depend on the machine. Throws when the matchers do not agree. */
export async function compileOnce(): Promise<{ readonly matcher: Compiled; readonly service: Compiled }> {
  const project = await openProject()
  try {
    await project.compile('agreement', agreementSource(ours, plain))
    return {
      matcher: await project.compile('matcher', matcherSource(ours)),
      service: await project.compile('service', serviceSource(ours, catalogFolder)),
    }
  } finally {
    await project.close()
  }
}

const root = fileURLToPath(new URL('..', import.meta.url))
const catalogFolder = join(root, 'packages/bus/src/catalog')
const ours: Matcher = { file: join(catalogFolder, 'typed-matching.ts'), type: 'Matching' }
const plain: Matcher = { file: join(root, 'bench/typed-patterns-plain.ts'), type: 'PlainMatching' }

async function compare(
  project: Project,
  name: string,
  runs: number,
  source: (matcher: Matcher) => string,
): Promise<TypedPatternsRow> {
  const results: { ours: Compiled[]; plain: Compiled[] } = { ours: [], plain: [] }
  for (let index = 0; index < runs; index++) {
    results.ours.push(await project.compile('ours', source(ours)))
    results.plain.push(await project.compile('plain', source(plain)))
  }
  const [our, their] = [summary(results.ours), summary(results.plain)]
  return {
    name,
    runs,
    ours: our,
    plain: their,
    checkTimeRatio: our.checkSeconds.median / their.checkSeconds.median,
    instantiationsRatio: our.instantiations / their.instantiations,
    isWithinBudget: our.checkSeconds.median < budget.checkSeconds && our.instantiations < budget.instantiations,
  }
}

export interface Compiled {
  readonly checkSeconds: number
  readonly instantiations: number
  readonly comparisons: number
}

function summary(results: readonly Compiled[]): Measured {
  const sorted = results.map((result) => result.checkSeconds).sort((a, b) => a - b)
  const [min, median, max] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((at) => sorted[at] ?? NaN)
  return {
    checkSeconds: { median: median ?? NaN, min: min ?? NaN, max: max ?? NaN },
    instantiations: Math.max(...results.map((result) => result.instantiations)),
    comparisons: Math.max(...results.map((result) => result.comparisons)),
  }
}

interface Project {
  compile(name: string, source: string): Promise<Compiled>
  close(): Promise<void>
}

/** A folder inside the workspace, so that the sources find its packages. */
async function openProject(): Promise<Project> {
  const parent = join(root, '.warren')
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'typed-patterns-'))
  const tsc = fileURLToPath(new URL('../bin/tsc', import.meta.resolve('typescript')))
  return {
    async compile(name, source) {
      const config = join(folder, `tsconfig.${name}.json`)
      await writeFile(join(folder, `${name}.ts`), source)
      await writeFile(
        config,
        JSON.stringify({
          extends: join(root, 'tsconfig.base.json'),
          compilerOptions: {
            noEmit: true,
            rewriteRelativeImportExtensions: false,
            allowImportingTsExtensions: true,
            composite: false,
            declaration: false,
            declarationMap: false,
            types: ['node'],
            typeRoots: [join(root, 'node_modules/@types')],
          },
          files: [`${name}.ts`],
        }),
      )
      const output = await execute(process.execPath, [tsc, '-p', config, '--extendedDiagnostics'])
      return {
        checkSeconds: figure(output, 'Check time'),
        instantiations: figure(output, 'Instantiations'),
        comparisons: figure(output, 'Assignability cache size'),
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

// A hundred times what it takes. Types that explode do not end within minutes.
const TSC_TIMEOUT_MS = 120_000

function execute(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 64 * 1024 * 1024, timeout: TSC_TIMEOUT_MS }, (error, stdout) => {
      if (error === null) resolve(stdout)
      else
        reject(
          new Error(error.killed === true ? `tsc took over ${TSC_TIMEOUT_MS} ms` : `tsc failed:\n${stdout}`, {
            cause: error,
          }),
        )
    })
  })
}

function figure(output: string, label: string): number {
  const found = new RegExp(`^${label}: +([\\d.]+)`, 'm').exec(output)?.[1]
  if (found === undefined) throw new Error(`tsc printed no "${label}":\n${output}`)
  return Number(found)
}

function print(rows: readonly TypedPatternsRow[]): void {
  console.log(`TypeScript ${ts.version}, Node ${process.version}, budget ${JSON.stringify(budget)}`)
  for (const row of rows) {
    console.log(`${row.name}, median of ${row.runs}: ${row.isWithinBudget ? 'within budget' : 'OVER BUDGET'}`)
    for (const [who, { checkSeconds, instantiations }] of Object.entries({ ours: row.ours, plain: row.plain })) {
      const { median, min, max } = checkSeconds
      console.log(
        `  ${who.padEnd(6)} check ${median} s (${min} to ${max}), ${instantiations.toLocaleString('en')} instantiations`,
      )
    }
    console.log(
      `  ours ÷ plain: ${row.checkTimeRatio.toFixed(2)} check time, ${row.instantiationsRatio.toFixed(2)} instantiations`,
    )
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } })
  const rows = await run({ quick: values.quick ?? false })
  if (values.json === true) console.log(JSON.stringify({ typescript: ts.version, budget, rows }))
  else print(rows)
  if (!rows.every((row) => row.isWithinBudget)) process.exitCode = 1
}
