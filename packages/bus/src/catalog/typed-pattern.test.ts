import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import ts from 'typescript'
import { expect, test, vi } from 'vitest'
import { matches } from './pattern.ts'

const file = fileURLToPath(new URL('./typed-pattern.test-d.ts', import.meta.url))

// Each test is a run of the compiler: 3 s, and many times that where brokers share the processor.
vi.setConfig({ testTimeout: 180_000 })

test('the compiler agrees with every line of typed-pattern.test-d.ts', () => {
  expect(compile()).toEqual([])
})

test('a wrong expectation, and an error that is expected and does not come, fail', () => {
  const problems = compile((source) =>
    replaceOnce(
      replaceOnce(source, "Same<M<'*.onPaid'>, never>", "Same<M<'#.onPaid'>, never>"),
      "subscribe('lost', ['#.nothing.*']",
      "subscribe('lost', ['#.delivery.*']",
    ),
  )
  expect(problems).toEqual([
    expect.stringContaining("Type 'false' does not satisfy the constraint 'true'"),
    expect.stringContaining("Unused '@ts-expect-error' directive"),
  ])
})

test('the compiler matches as matches() does', () => {
  const word = fc.constantFrom('order', 'vip', 'onPaid')
  const patternWord = fc.oneof(
    { weight: 6, arbitrary: word },
    { weight: 4, arbitrary: fc.constant('*') },
    { weight: 4, arbitrary: fc.constant('#') },
    { weight: 1, arbitrary: fc.constantFrom('', 'vip*', '#vip') },
  )
  const dotted = (words: fc.Arbitrary<string>) =>
    fc.array(words, { minLength: 1, maxLength: 6, size: 'max' }).map((list) => list.join('.'))
  const seed = Number(process.env.MATCHER_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const [names = []] = fc.sample(fc.uniqueArray(dotted(word), { minLength: 60, maxLength: 60 }), { seed, numRuns: 1 })
  const patterns = fc.sample(dotted(patternWord), { seed, numRuns: 300 })

  const union = (texts: readonly string[]) => texts.map((text) => `'${text}'`).join(' | ') || 'never'
  const problems = compile(() =>
    [
      "import type { Matching } from './typed-matching.ts'",
      'type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false',
      `type Names = ${union(names)}`,
      'declare function expect<_True extends true>(_pattern: string): void',
      ...patterns.map((pattern) => {
        const expected = union(names.filter((name) => matches(pattern, name)))
        return `expect<Same<Matching<Names, '${pattern}'>, ${expected}>>('${pattern}')`
      }),
    ].join('\n'),
  )
  expect(problems, `MATCHER_SEED=${seed} runs it again`).toEqual([])
})

/** What tsc says of the file with the options of the workspace, after a change to its text. */
function compile(change: (source: string) => string = (source) => source): readonly string[] {
  const options = workspaceOptions()
  const host = ts.createCompilerHost(options)
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (path, languageVersion, ...rest) =>
    path === file
      ? ts.createSourceFile(path, change(readFileSync(file, 'utf8')), languageVersion)
      : getSourceFile(path, languageVersion, ...rest)
  const program = ts.createProgram([file], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return `${file?.fileName ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

function workspaceOptions(): ts.CompilerOptions {
  const config = fileURLToPath(new URL('../../../../tsconfig.base.json', import.meta.url))
  const parsed = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    fileURLToPath(new URL('.', import.meta.url)),
  )
  return { ...parsed.options, noEmit: true, composite: false, declaration: false, declarationMap: false }
}

function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`"${from}" is not there exactly once`)
  return text.replace(from, to)
}
