import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { wrapper } from './loader.ts'

let tree: string

afterEach(async () => {
  await rm(tree, { recursive: true, force: true })
})

/** A tree with a program behind the wrapper, and a loader that only tells what it was asked for. */
async function makeTree(): Promise<string> {
  // RabbitMQ's own scripts do not quote paths; this one must not be the reason.
  tree = await mkdtemp(join(tmpdir(), 'warren loader-'))
  await mkdir(join(tree, 'usr/lib/erlang/bin'), { recursive: true })
  await writeFile(join(tree, 'ld.so'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 })
  const program = join(tree, 'usr/lib/erlang/bin/epmd')
  await writeFile(program, wrapper('usr/lib/erlang', 'ld.so', ['usr/lib/one', 'lib/two']), { mode: 0o755 })
  return program
}

async function run(program: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const { stdout } = await promisify(execFile)(program, ['a b', '-c'], { env: { PATH: process.env['PATH'], ...env } })
  return stdout.trimEnd().split('\n')
}

test("hands a program to the tree's loader with the tree's libraries, its name and its arguments", async () => {
  const program = await makeTree()
  const libraries = `${tree}/usr/lib/one:${tree}/lib/two`
  const expected = ['--inhibit-cache', '--library-path', libraries, '--argv0', program, `${program}.elf`, 'a b', '-c']
  expect(await run(program)).toEqual(expected)
})

test('finds the tree also when it is called through a link, and shows another name when told to', async () => {
  const program = await makeTree()
  const link = join(tree, 'epmd')
  await symlink(program, link)
  expect(await run(link)).toEqual(expect.arrayContaining([link, `${program}.elf`]))
  expect(await run(link, { ARGV0: 'warren:x' })).toEqual(expect.arrayContaining(['warren:x', `${program}.elf`]))
})
