import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const file = fileURLToPath(new URL('./typed-pattern.test-d.ts', import.meta.url))

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
