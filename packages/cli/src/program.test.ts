import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { loadNoun, makeProgram } from './program.ts'

test('every command has help with an example of itself', async () => {
  const program = makeProgram()
  await Promise.all(program.commands.map(loadNoun))
  const commands = program.commands.flatMap((noun) => (noun.commands.length === 0 ? [noun] : noun.commands))
  expect(commands.length).toBeGreaterThan(20)
  for (const command of commands) {
    const name = fullName(command)
    expect(helpOf(command)).toMatch(new RegExp(`Usage: ${name} [^]*--json[^]*\\nExamples?:[^]*\\n {2}\\$ .*${name}`))
  }
})

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}
