/**
 * npm run mutants [-- WORD…]
 *
 * Applies each mutant of `mutants/` (or those whose names have all these words, and none of those with a dash before them) to a copy of the working tree, one at a time, and runs
 * the tests that must catch it. Exits 1 when one survives or does not apply. The working tree is not touched.
 */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { applyMutant } from './mutant.mjs'

const project = await realpath(join(import.meta.dirname, '../..'))
const folder = join(import.meta.dirname, 'mutants')
const words = process.argv.slice(2)

const LEFT_OUT = new Set(['node_modules', '.warren', '.git', 'dist'])

const copy = await realpath(await mkdtemp(join(tmpdir(), 'warren-mutants-')))
try {
  process.exitCode = await runAll()
} finally {
  await rm(copy, { recursive: true, force: true })
}

async function runAll() {
  const mutants = (await loadMutants()).filter(({ name }) =>
    words.every((word) => (word.startsWith('-') ? !name.includes(word.slice(1)) : name.includes(word))),
  )
  if (mutants.length === 0) {
    process.stderr.write(`no mutant has ${words.join(' and ')} in its name\n`)
    return 1
  }
  await cp(project, copy, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) })
  await link()
  const bad = await check(mutants)
  if (bad !== null) return bad
  let failed = 0
  for (const mutant of mutants) {
    const outcome = await run(mutant)
    if (outcome !== 'caught') failed += 1
    process.stdout.write(`${outcome.padEnd(14)} ${mutant.name}\n`)
  }
  process.stdout.write(`${mutants.length - failed} of ${mutants.length} mutants were caught\n`)
  return failed === 0 ? 0 : 1
}

/** Packages and servers are linked; the workspace's own packages lead into the copy, which tests must see. */
async function link() {
  await symlink(join(project, '.warren'), join(copy, '.warren'))
  await mkdir(join(copy, 'node_modules/@warren'), { recursive: true })
  for (const name of await readdir(join(project, 'node_modules'))) {
    if (name === '@warren' || (name.startsWith('.') && name !== '.bin')) continue
    await symlink(join(project, 'node_modules', name), join(copy, 'node_modules', name))
  }
  for (const name of await readdir(join(project, 'node_modules/@warren'))) {
    const target = await realpath(join(project, 'node_modules/@warren', name))
    await symlink(join(copy, relative(project, target)), join(copy, 'node_modules/@warren', name))
  }
}

/** The tests must pass without a mutant: otherwise everything is "caught". */
async function check(mutants) {
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))]
  const { code, output } = await vitest(tests)
  if (code === 0) return null
  process.stdout.write(output)
  process.stderr.write('the tests fail without any mutant\n')
  return 1
}

async function run(mutant) {
  const path = join(copy, mutant.file)
  const source = await readFile(path, 'utf8')
  const mutated = applyMutant(source, mutant)
  if ('problem' in mutated) {
    process.stderr.write(`${mutant.name}: ${mutated.problem}\n`)
    return 'does not apply'
  }
  await writeFile(path, mutated.text)
  try {
    const { code, output } = await vitest(mutant.tests, mutant.only)
    if (code === 0) return 'survived'
    // A file that cannot be run is no test that failed.
    return /\d+ failed/.test(output) ? 'caught' : 'broke the run'
  } finally {
    await writeFile(path, source)
  }
}

function vitest(tests, only) {
  const args = [
    '--conditions=@warren/source',
    join(copy, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--project',
    'usual',
    ...tests,
  ]
  if (only !== undefined) args.push('-t', only)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

async function loadMutants() {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).sort()
  const modules = await Promise.all(files.map((name) => import(join(folder, name))))
  return modules.flatMap((module) => module.mutants)
}
