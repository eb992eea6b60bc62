import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fail, run } from './run.mjs'

/** Runs `npm ci` unless what is installed is what the lock file says. */
export async function ensurePackages(project) {
  if (isUpToDate(project)) return
  await alone(project, async () => {
    if (isUpToDate(project)) return
    console.error('npm: installing packages')
    const npm = process.env.npm_execpath
    const args = [
      'ci',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--loglevel=error',
    ]
    const { code } = await (npm === undefined
      ? run('npm', args, { cwd: project })
      : run(process.execPath, [npm, ...args], { cwd: project }))
    if (code !== 0) fail(`npm ci ended with ${code}`)
    writeFileSync(stampPath(project), lockHash(project))
  })
}

function isUpToDate(project) {
  const stamp = stampPath(project)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash(project)) return true
  if (!isInstalled(project)) return false
  writeFileSync(stamp, lockHash(project))
  return true
}

/** Somebody may have installed by hand: npm notes in its hidden lock file what is in node_modules. */
function isInstalled(project) {
  const hidden = join(project, 'node_modules', '.package-lock.json')
  if (!existsSync(hidden)) return false
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) =>
      !path.startsWith('node_modules/') || link || optional || installed[path]?.version === version,
  )
}

function stampPath(project) {
  return join(project, 'node_modules', '.warren-setup')
}

function lockHash(project) {
  return createHash('sha256')
    .update(readFileSync(join(project, 'package-lock.json')))
    .digest('hex')
}

/** Two commands in a fresh clone at the same time: the second waits for the first. */
async function alone(project, act) {
  const id = createHash('sha256').update(project).digest('hex').slice(0, 12)
  const lock = join(tmpdir(), `warren-setup-${process.getuid?.() ?? 0}-${id}.lock`)
  for (let hasTold = false; !tryLock(lock); hasTold = true) {
    if (!hasTold) console.error('npm: another process is installing packages')
    await delay(200)
  }
  try {
    await act()
  } finally {
    rmSync(lock, { force: true })
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const pid = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
    if (pid > 0 && !isAlive(pid)) rmSync(lock, { force: true })
    return false
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
