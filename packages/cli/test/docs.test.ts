import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { exitCodes } from '../src/exit-codes.ts'
import { loadNoun, makeProgram } from '../src/program.ts'

const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

test('docs/cli.md lists every command, and no other', async () => {
  const program = makeProgram()
  await Promise.all(program.commands.map(loadNoun))
  const commands = program.commands.flatMap((noun) =>
    noun.commands.length === 0 ? [noun.name()] : noun.commands.map((verb) => `${noun.name()} ${verb.name()}`),
  )
  const listed = [...page.matchAll(/^\| `warren ([a-z]+(?: [a-z-]+)?)/gm)].map(([, command]) => command)
  expect(listed.sort()).toEqual(commands.sort())
})

test('docs/cli.md lists every exit code', () => {
  const listed = [...page.matchAll(/^\| (\d+) +\| (\w+) +\|/gm)].map(([, code, name]) => [name, Number(code)])
  expect(Object.fromEntries(listed)).toEqual(exitCodes)
})
